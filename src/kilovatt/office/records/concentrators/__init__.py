"""What concentrators tell of the meters behind them."""
