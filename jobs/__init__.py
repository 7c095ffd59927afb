"""What happens without a visitor: schedule, observe, deliver, sweep. One file a task."""
