"""What people want changed in finished layouts, as changes that hold on any canvas. How they say it in words is
`core.instructions`'s."""
