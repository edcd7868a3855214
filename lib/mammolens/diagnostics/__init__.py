"""Whether MammoLens can work on this computer, and what to do where it cannot."""
