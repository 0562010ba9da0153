# Reference numbers for the checks of printed summaries, from base R.
# Run in this folder: Rscript make_ranks.R

set.seed(20230)

# Two-sided P of each smaller rank sum, without ties: exact, normal, normal with the correction.
tables <- do.call(rbind, lapply(c(3:15, 20, 25, 30, 40), function(n) {
  w <- 0:((n * (n + 1)) %/% 4)
  exact <- pmin(1, 2 * psignrank(w, n))
  # Changes with these ranks: the negative ones are filled from the largest rank down.
  p <- t(sapply(w, function(sum) {
    signs <- rep(1, n)
    for (rank in n:1) if (rank <= sum) { signs[rank] <- -1; sum <- sum - rank }
    changes <- signs * (1:n)
    c(wilcox.test(changes, exact = FALSE, correct = FALSE)$p.value,
      wilcox.test(changes, exact = FALSE, correct = TRUE)$p.value)
  }))
  data.frame(n = n, w = w, exact = exact, asymptotic = p[, 1], asymptotic_corrected = p[, 2])
}))
write.csv(format(tables, digits = 15), "rank_p.csv", row.names = FALSE, quote = FALSE)

# Paired data with what a paper prints of them, and the P values of wilcox.test; "ties" has
# rounded values, so that P is the normal one with the variance for ties and without zeros.
trial <- function(n, ties) {
  before <- rnorm(n, -5, 2.5)
  after <- runif(1, -0.5, 0.9) * (before + 5) + rnorm(n, runif(1, -5, 0), runif(1, 0.5, 4))
  if (ties) { before <- round(before); after <- round(after) }
  d <- after - before
  if (length(unique(abs(d))) < 2) return(NULL)
  p <- function(...) suppressWarnings(wilcox.test(after, before, paired = TRUE, ...)$p.value)
  data.frame(
    n = n, ties = ties,
    before_mean = sprintf("%.1f", mean(before)), before_sd = sprintf("%.2f", sd(before)),
    after_mean = sprintf("%.1f", mean(after)), after_sd = sprintf("%.2f", sd(after)),
    r = if (sd(before) * sd(after) > 0) cor(before, after) else NA,
    exact = if (ties) NA else p(exact = TRUE),
    asymptotic = p(exact = FALSE, correct = FALSE),
    asymptotic_corrected = p(exact = FALSE, correct = TRUE)
  )
}
made <- do.call(rbind, lapply(1:300, function(i) trial(sample(3:14, 1), i %% 3 == 0)))
write.csv(format(made, digits = 15), "printed.csv", row.names = FALSE, quote = FALSE)
