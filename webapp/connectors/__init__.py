"""Everything that goes out to the network: where stills come from."""
