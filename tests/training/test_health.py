"""The health panel names what is wrong."""

from speechlab.config import OptimiserConfig
from speechlab.training.health import HealthMonitor
from speechlab.training.schedules import learning_rate, schedules


def whats(monitor):
    return " ".join(finding.what for finding in monitor.findings)


def test_a_calm_run_has_no_findings():
    monitor = HealthMonitor()
    for step in range(1, 300):
        monitor.observe(step, {"gradient_norm/generator": 1 + 0.1 * (step % 7), "discriminator/loss_per_network": 0.4})
    assert monitor.findings == []


def test_a_jumping_gradient_is_named_once():
    monitor = HealthMonitor()
    for step in range(1, 200):
        monitor.observe(step, {"gradient_norm/acoustic": 800.0 if step in (150, 151) else 1.0})
    assert len(monitor.findings) == 1 and monitor.findings[0].step == 150 and "800" in whats(monitor)


def test_an_overflow_that_fp16_skips_is_neither_named_nor_remembered():
    monitor = HealthMonitor()
    for step in range(1, 200):
        monitor.observe(step, {"gradient_norm/acoustic": float("inf") if step % 20 == 0 else 1.0})
    assert monitor.findings == [] and set(monitor.history["gradient_norm/acoustic"]) == {1.0}


def test_discriminators_that_have_won_or_see_nothing_are_named():
    for loss, expected in ((0.01, "surely tell"), (0.5, "cannot tell")):
        monitor = HealthMonitor()
        for step in range(1, 300):
            monitor.observe(step, {"discriminator/loss_per_network": loss})
        assert expected in whats(monitor)


def test_silence_and_blurred_alignments_are_named():
    monitor = HealthMonitor()
    monitor.observe_render(500, "clip", 0.0)
    monitor.observe(2000, {"alignment/sharpness": 0.1})
    assert "silent" in whats(monitor) and "not sharp" in whats(monitor)
    assert set(monitor.to_list()[0]) == {"step", "level", "what", "try"}


def test_a_flow_that_blows_up_is_named_with_its_remedy():
    monitor = HealthMonitor()
    monitor.observe(10, {"flow/coupling_log_scale": 1.9, "flow/norm_log_scale": 4.6, "flow/mixing_log_det": 0.2})
    assert monitor.findings == []
    monitor.observe(20, {"flow/coupling_log_scale": 6.0, "flow/norm_log_scale": 9.0})
    assert [finding.attempt[:9] for finding in monitor.findings] == ["set model", "some mel "]
    assert "flow/norm_log_scale has grown to 9, above 7" in whats(monitor)


def test_a_schedule_that_counts_epochs_is_named_when_its_warm_up_should_have_ended():
    config = OptimiserConfig(1e-3, schedule="noam", warmup_steps=100)
    monitor = HealthMonitor()
    for step in range(1, 200):
        monitor.observe_rate(step, learning_rate(1 + step // 50, config, 200, 50), config)
    assert [finding.step for finding in monitor.findings] == [100] and "3 % of its peak" in whats(monitor)


def test_no_schedule_that_counts_steps_is_named():
    for schedule in set(schedules) - {"noam_by_epoch"}:  # report 002's, which is that mistake
        for warmup_steps in (0, 1, 100):
            config, monitor = OptimiserConfig(1e-3, schedule=schedule, warmup_steps=warmup_steps), HealthMonitor()
            for step in range(1, 200):
                monitor.observe_rate(step, learning_rate(step, config, 200, 50), config)
            assert monitor.findings == [], schedule
