"""What people start: the command line, the doctor, and the runner of notebooks."""
