"""How fast it is, and what it needs: ``nst bench device|step|grid|memory|startup``.

Imports neither hydra nor wandb; `nst.bench.torch_peer` alone imports PyTorch.
"""
