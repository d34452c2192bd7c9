"""`python -m workbench`: what is the command where no script of it is installed on the path? This."""

from workbench.cli.main import run

if __name__ == "__main__":
    run()
