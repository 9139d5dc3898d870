"""Plain rollout npz files: what they state, and the evidence for what they leave out."""
