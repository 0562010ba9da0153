"""Help: five minutes of steps, every statistic in one line, and the documents behind them."""

from ui.handbook import handbook

handbook()
