"""How much flatter are a voice's spectra than its reader's? Measure it, and keep it in the card: the voice corrects it.

    python benchmarks/global_variance.py VOICE --corpus FOLDER [--write-card]

The factors are measured on training utterances; ``benchmarks/voices.py`` judges what they do on held-out ones.
"""

import argparse

import speechlab
from speechlab.apps.own_voice import readings
from speechlab.checkpoints import add_to_card, find_folder
from speechlab.config import CorpusConfig
from speechlab.data.corpora import load_corpus
from speechlab.pipelines.voice import measure_global_variance

LOUDNESS = -23.0  # LUFS, at which the bundled voices were trained


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", help="bundled, or a folder")
    parser.add_argument("--corpus", required=True, help="folder of its recordings")
    parser.add_argument("--write-card", action="store_true", help="keep the factors in the voice's card")
    options = parser.parse_args()
    voice = speechlab.Voice.load(options.voice)
    corpus = load_corpus(CorpusConfig("folder", options.corpus, voice.language, loudness=LOUDNESS))
    factors = measure_global_variance(voice, readings(corpus, voice.spec.sample_rate))
    print("factor on the deviation of each cepstral coefficient:", *factors)
    if options.write_card:
        add_to_card(find_folder(options.voice) / "acoustic", {"global_variance": factors})


if __name__ == "__main__":
    main()
