"""The recorder's own loop: run a policy in an environment, record its episodes, write a plain npz."""
