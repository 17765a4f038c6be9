"""Autoencoders: one base, one training loop, one place for networks.

A variant is its penalty or its corruption.
"""
