"""What third parties inherit: deliberately bad models, and (next) the suites that must catch them."""
