"""DVH charts: points, layout, line styles, one palette."""
