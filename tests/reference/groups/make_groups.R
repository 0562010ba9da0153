# Changes of slopes in groups and what R says of them: writes groups.json.
# Run in this folder: Rscript make_groups.R
# Made with R 4.2.2, jsonlite and, for the values under "check" only, coin and effectsize. R warns
# that pt() is not of full precision while the noncentrality is searched.

suppressMessages({library(jsonlite); library(coin); library(effectsize)})
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(25302)

two <- list(
  tiny = list(reference = c(-0.5, 0.25), other = c(0.75, 1.0)),
  small_ties = list(
    reference = c(-0.5, 0.0, 0.0, 0.25, -1.0, 0.5), other = c(0.5, 1.0, 0.0, 1.5, 0.25)
  ),
  one_flat = list(reference = c(0.5, 0.5, 0.5), other = c(0.1, 0.9, 1.4, -0.2)),
  far = list(reference = round(rnorm(7, 0, 0.4), 3), other = round(rnorm(6, 3, 0.3), 3)),
  unequal = list(reference = round(rnorm(4, 0, 2.5), 3), other = round(rnorm(16, 0.8, 0.5), 3)),
  even = list(reference = round(rnorm(10, 0.1, 1.2), 3), other = round(rnorm(10, 0.9, 1.1), 3)),
  large = list(reference = round(rnorm(27, 0.03, 1.33), 2), other = round(rnorm(32, 1.13, 1.33), 2))
)
several <- list(
  three = list(
    a = round(rnorm(6, 0, 1), 3), b = round(rnorm(9, 0.5, 2), 3), c = round(rnorm(5, 1.2, 0.5), 3)
  ),
  four = list(
    a = round(rnorm(12, 0, 1), 3), b = round(rnorm(12, 0, 1), 3),
    c = round(rnorm(3, 0, 3), 3), d = round(rnorm(2, 0, 1), 3)
  )
)

# All ways to choose the other group, by enumeration.
enumerated <- function(reference, other) {
  pooled <- c(reference, other)
  n <- length(pooled)
  k <- length(other)
  if (choose(n, k) > 200000) return(NULL)
  differences <- combn(n, k, function(at) mean(pooled[at]) - mean(pooled[-at]))
  observed <- mean(other) - mean(reference)
  slack <- 1e-9
  list(
    ways = length(differences),
    p_two = mean(abs(differences) >= abs(observed) - slack),
    p_greater = mean(differences >= observed - slack),
    p_less = mean(differences <= observed + slack)
  )
}

# Interval of the standardised difference of the population: pt() solved for its noncentrality.
noncentral <- function(t, df, level) {
  solve <- function(p) {
    uniroot(function(ncp) pt(t, df, ncp) - p, c(-37, 37), tol = 1e-12, maxiter = 10000)$root
  }
  c(solve((1 + level) / 2), solve((1 - level) / 2))
}

of_two <- function(set) {
  x <- set$reference
  y <- set$other
  welch <- t.test(y, x)
  n1 <- length(x)
  n2 <- length(y)
  df <- n1 + n2 - 2
  scale <- sqrt(1 / n1 + 1 / n2)
  d <- (mean(y) - mean(x)) / sqrt(((n1 - 1) * var(x) + (n2 - 1) * var(y)) / df)
  j <- exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)
  frame <- data.frame(
    value = c(x, y), group = factor(rep(c("x", "y"), c(n1, n2)), levels = c("x", "y"))
  )
  few <- choose(n1 + n2, n2) <= 200000
  list(
    reference = x,
    other = y,
    welch = list(
      estimate = mean(y) - mean(x), t = unname(welch$statistic), df = unname(welch$parameter),
      p_two = welch$p.value, ci95 = as.numeric(welch$conf.int),
      ci90 = as.numeric(t.test(y, x, conf.level = 0.9)$conf.int),
      p_greater = t.test(y, x, alternative = "greater")$p.value,
      p_less = t.test(y, x, alternative = "less")$p.value
    ),
    permutation = enumerated(x, y),
    g = list(
      value = j * d, ci95 = if (n1 + n2 > 4) noncentral(d / scale, df, 0.95) * scale
    ),
    check = list(
      coin = if (few) unname(pvalue(oneway_test(value ~ group, frame, distribution = "exact"))),
      coin_normal = unname(pvalue(oneway_test(value ~ group, frame))),
      effectsize_g = hedges_g(y, x)$Hedges_g
    )
  )
}

of_several <- function(set) {
  frame <- stack(set)
  test <- oneway.test(values ~ ind, frame)
  list(
    groups = unname(set), f = unname(test$statistic), df = unname(test$parameter[2]),
    p = test$p.value
  )
}

write_json(
  list(two = lapply(two, of_two), several = lapply(several, of_several)),
  "groups.json", digits = NA, auto_unbox = TRUE, null = "null", pretty = TRUE
)
