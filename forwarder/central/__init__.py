"""Central stores: one module per kind, all behind contract.py."""
