"""What methods train with: device, batches, the one loop, precision."""
