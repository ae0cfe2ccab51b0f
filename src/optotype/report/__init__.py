"""Pages of views as one offline HTML file, or as text."""
