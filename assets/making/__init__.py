"""How the bundled robot and the demo are made; used by the scripts beside this package only."""
