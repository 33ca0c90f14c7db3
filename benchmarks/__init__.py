"""What Taxiway costs, beside what else one would use, side by side in one run."""
