"""The torture chamber: what must hold whatever happens to process, disk, clock and peers."""
