"""What all tests share."""

# Scripts that recorded reference values need packages that the tests do not.
collect_ignore_glob = ["reference/*.py"]
