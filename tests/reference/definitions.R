# Statistics written out from their definitions, in base R. R packages are called only for the
# values stored under "check".

month <- 30.4375
decimals <- 10
min_visits <- 2
min_span_days <- 60
largest_enumeration <- 25

# ---- slopes ---------------------------------------------------------------------------------

least_squares <- function(formula, data) {
  fit <- lm(formula, data)
  # vcov() and summary() warn about perfect fits, which are wanted here.
  unscaled <- chol2inv(fit$qr$qr[seq_len(fit$rank), seq_len(fit$rank), drop = FALSE])
  stopifnot(fit$rank == length(coef(fit)))
  df <- fit$df.residual
  rss <- if (df > 0) sum(residuals(fit)^2) else 0
  list(
    coef = unname(coef(fit)), unscaled = unscaled, df = df, rss = rss,
    se = if (df > 0) sqrt(rss / df * diag(unscaled)) else rep(NA_real_, fit$rank)
  )
}

theil_sen <- function(t, y) {
  pairs <- combn(length(t), 2)
  dt <- t[pairs[2, ]] - t[pairs[1, ]]
  dy <- y[pairs[2, ]] - y[pairs[1, ]]
  median(dy[dt != 0] / dt[dt != 0])
}

end_to_end <- function(t, y) {
  first <- unique(y[t == min(t)])
  last <- unique(y[t == max(t)])
  if (length(first) > 1 || length(last) > 1) return(NA_real_)
  (last - first) / (max(t) - min(t))
}

side_days <- function(day, side, rule) {
  if (side == "pre") day < 0 | (day == 0 & rule %in% c("before", "both"))
  else day > 0 | (day == 0 & rule %in% c("after", "both"))
}

one_side <- function(visits, side, rule) {
  used <- visits[side_days(visits$day, side, rule), ]
  n <- nrow(used)
  span <- if (n > 0) diff(range(used$day)) else NA_real_
  empty <- list(n = n, span = span, slope = NA_real_, se = NA_real_, intercept = NA_real_,
                theil_sen = NA_real_, end_to_end = NA_real_, unscaled = NA_real_, rss = 0, df = 0)
  if (n < min_visits || span < min_span_days) return(empty)
  fit <- least_squares(y ~ t, data.frame(t = used$day / month, y = used$value))
  modifyList(empty, list(
    slope = fit$coef[2], se = fit$se[2], intercept = fit$coef[1],
    theil_sen = theil_sen(used$day / month, used$value),
    end_to_end = end_to_end(used$day / month, used$value),
    unscaled = fit$unscaled[2, 2], rss = fit$rss, df = fit$df
  ))
}

# The change is a weighted sum of scores. Adding the weights of a visit counted on both sides
# before squaring brings in the covariance of the two slopes.
change_weight <- function(visits, rule) {
  weight <- numeric(nrow(visits))
  for (side in c("pre", "post")) {
    used <- side_days(visits$day, side, rule)
    t <- visits$day[used] / month
    towards <- if (side == "pre") -1 else 1
    weight[used] <- weight[used] + towards * (t - mean(t)) / sum((t - mean(t))^2)
  }
  sum(weight^2)
}

columns <- function(records) {
  lapply(setNames(names(records[[1]]), names(records[[1]])),
         function(key) sapply(records, function(record) record[[key]]))
}

pooled_variance <- function(rss, df) {
  list(rss = sum(rss), df = sum(df), sigma2 = if (sum(df) > 0) sum(rss) / sum(df) else NA_real_)
}

separate_lines <- function(patients, rule) {
  sides <- lapply(c(pre = "pre", post = "post"), function(side) {
    columns(lapply(patients, one_side, side = side, rule = rule))
  })
  pooled <- pooled_variance(c(sides$pre$rss, sides$post$rss), c(sides$pre$df, sides$post$df))
  sides <- lapply(sides, function(side) {
    side$se_pooled <- sqrt(pooled$sigma2 * side$unscaled)
    side[c("n", "span", "slope", "se", "se_pooled", "intercept", "theil_sen", "end_to_end")]
  })
  d <- sides$post$slope - sides$pre$slope
  weight <- ifelse(is.na(d), NA_real_, sapply(patients, change_weight, rule = rule))
  c(sides, list(d = d, var_d = pooled$sigma2 * weight, pooled = pooled))
}

broken_stick <- function(patients) {
  records <- lapply(patients, function(visits) {
    estimable <- any(visits$day < 0) && any(visits$day > 0) && length(unique(visits$day)) >= 3
    empty <- list(n = nrow(visits), df = NA_real_, intercept = NA_real_, slope = NA_real_,
                  change = NA_real_, se_slope = NA_real_, se_change = NA_real_,
                  unscaled = NA_real_, rss = 0)
    if (!estimable) return(empty)
    fit <- least_squares(y ~ t + pmax(t, 0), data.frame(t = visits$day / month, y = visits$value))
    modifyList(empty, list(
      df = fit$df, intercept = fit$coef[1], slope = fit$coef[2], change = fit$coef[3],
      se_slope = fit$se[2], se_change = fit$se[3], unscaled = fit$unscaled[3, 3], rss = fit$rss
    ))
  })
  table <- columns(records)
  pooled <- pooled_variance(table$rss, table$df[!is.na(table$df)])
  table$var_change <- pooled$sigma2 * table$unscaled
  table$rss <- NULL
  list(patients = table, pooled = pooled)
}

jump <- function(patients) {
  columns(lapply(patients, function(visits) {
    before <- unique(visits$day[visits$day <= 0])
    after <- unique(visits$day[visits$day > 0])
    empty <- list(df = NA_real_, intercept = NA_real_, slope = NA_real_, jump = NA_real_,
                  change = NA_real_, se_jump = NA_real_, se_change = NA_real_)
    if (length(before) < 2 || length(after) < 2) return(empty)
    fit <- least_squares(y ~ t + I(t > 0) + t:I(t > 0),
                         data.frame(t = visits$day / month, y = visits$value))
    modifyList(empty, list(df = fit$df, intercept = fit$coef[1], slope = fit$coef[2],
                           jump = fit$coef[3], change = fit$coef[4],
                           se_jump = fit$se[3], se_change = fit$se[4]))
  }))
}

# ---- paired comparisons ---------------------------------------------------------------------

summary_numbers <- function(pre, post, d) {
  list(n = length(d), mean_pre = mean(pre), sd_pre = sd(pre), mean_post = mean(post),
       sd_post = sd(post), mean_d = mean(d), sd_d = sd(d), r = cor(pre, post))
}

paired_t <- function(d) {
  two <- t.test(d)
  list(t = unname(two$statistic), df = unname(two$parameter), p_two = two$p.value,
       p_greater = t.test(d, alternative = "greater")$p.value,
       p_less = t.test(d, alternative = "less")$p.value,
       ci95 = as.numeric(two$conf.int), ci90 = as.numeric(t.test(d, conf.level = 0.9)$conf.int))
}

# Doubled midranks are integers, which keeps every comparison of rank sums exact.
doubled_ranks <- function(d, zeros) {
  if (zeros == "wilcox") d <- d[d != 0]
  ranks <- as.integer(round(2 * rank(abs(d))))
  list(rank = ranks[d != 0], sign = sign(d[d != 0]))
}

rank_sums_enumerated <- function(ranks) {
  sums <- 0L
  for (r in ranks) sums <- c(sums, sums + r)
  tabulate(sums + 1L, sum(ranks) + 1L) / length(sums)
}

rank_sums_recursive <- function(ranks) {
  share <- c(1, numeric(sum(ranks)))
  for (r in ranks) share <- (share + c(numeric(r), head(share, -r))) / 2
  share
}

signed_rank <- function(d, zeros) {
  used <- doubled_ranks(d, zeros)
  enumerated <- length(used$rank) <= 15
  share <- if (enumerated) rank_sums_enumerated(used$rank) else rank_sums_recursive(used$rank)
  w <- sum(used$rank[used$sign > 0])
  less <- sum(share[seq_len(w + 1)])
  greater <- sum(share[(w + 1):length(share)])
  z <- (w - sum(used$rank) / 2) / sqrt(sum(used$rank^2) / 4)
  list(n = length(used$rank), zeros = sum(d == 0), w_plus = w / 2,
       w_minus = (sum(used$rank) - w) / 2,
       p_two = min(1, 2 * min(less, greater)), p_greater = greater, p_less = less,
       method = if (enumerated) "enumeration" else "recursion",
       normal = list(z = z, p_two = 2 * pnorm(-abs(z)), p_greater = pnorm(-z), p_less = pnorm(z)),
       check = check_signed_rank(d, zeros))
}

check_signed_rank <- function(d, zeros) {
  names <- c(p_two = "two.sided", p_greater = "greater", p_less = "less")
  nothing <- rep(0, length(d))
  package <- if (zeros == "wilcox") "Wilcoxon" else "Pratt"
  coin_test <- function(side, distribution) {
    coin::wilcoxsign_test(d ~ nothing, zero.method = package, alternative = side,
                          distribution = distribution)
  }
  exact <- lapply(names, function(side) as.numeric(coin::pvalue(coin_test(side, "exact"))))
  normal <- coin_test("two.sided", "asymptotic")
  found <- list(
    coin = exact,
    coin_normal = list(z = as.numeric(coin::statistic(normal)),
                       p_two = as.numeric(coin::pvalue(normal)))
  )
  if (zeros == "wilcox") {
    found$exact_rank_tests <- lapply(names, function(side) {
      exactRankTests::wilcox.exact(d[d != 0], alternative = side, exact = TRUE)$p.value
    })
  }
  found
}

hodges_lehmann <- function(d) {
  n <- length(d)
  sums <- outer(d, d, "+")
  walsh <- sort(sums[upper.tri(sums, diag = TRUE)] / 2)
  k <- max(1, qsignrank(0.025, n))
  list(estimate = median(walsh), k = k, ci95 = walsh[c(k, length(walsh) + 1 - k)],
       level = 1 - 2 * psignrank(k - 1, n))
}

sign_test <- function(d) {
  positive <- sum(d > 0)
  negative <- sum(d < 0)
  p <- function(side) binom.test(positive, positive + negative, alternative = side)$p.value
  list(positive = positive, negative = negative, zeros = sum(d == 0), p_two = p("two.sided"),
       p_greater = p("greater"), p_less = p("less"))
}

# Sums of every subset, half of the patients at a time: 2^n numbers need not be held at once.
over_subset_sums <- function(d, look) {
  inner <- 0
  for (value in head(d, 20)) inner <- c(inner, inner + value)
  outer_part <- 0
  for (value in tail(d, -20)) outer_part <- c(outer_part, outer_part + value)
  for (start in outer_part) look(start + inner)
}

sign_flip_p <- function(d) {
  tolerance <- 1e-9 * sum(abs(d))
  observed <- sum(d)
  count <- c(p_two = 0, p_greater = 0, p_less = 0)
  over_subset_sums(d, function(subset) {
    flipped <- 2 * subset - observed
    count <<- count + c(sum(abs(flipped) >= abs(observed) - tolerance),
                        sum(flipped >= observed - tolerance),
                        sum(flipped <= observed + tolerance))
  })
  as.list(count / 2^length(d))
}

# A shift mu is rejected from below while at most k - 1 of the non-empty subsets of patients have
# a mean change of mu or less, so the bounds are order statistics of the subset means.
sign_flip_ci <- function(d) {
  n <- length(d)
  if (n > 20) return(list(k = NA_real_, ci95 = c(NA_real_, NA_real_), level = NA_real_))
  sums <- 0
  sizes <- 0
  for (value in d) {
    sums <- c(sums, sums + value)
    sizes <- c(sizes, sizes + 1)
  }
  means <- sort(sums[-1] / sizes[-1])
  k <- floor(0.025 * 2^n)
  if (k < 1) return(list(k = k, ci95 = c(NA_real_, NA_real_), level = NA_real_))
  list(k = k, ci95 = means[c(k, length(means) + 1 - k)], level = 1 - 2 * k / 2^n)
}

sign_flip <- function(d) {
  if (length(d) > largest_enumeration) {
    return(c(list(p_two = NA_real_, p_greater = NA_real_, p_less = NA_real_), sign_flip_ci(d)))
  }
  c(sign_flip_p(d), sign_flip_ci(d))
}

small_sample_factor <- function(m) exp(lgamma(m / 2) - lgamma((m - 1) / 2) - log(m / 2) / 2)

# The noncentral t distribution as a mean over the scale s = sd / sigma.
noncentral_p <- function(t, df, ncp) {
  density <- function(s) 2 * df * s * dchisq(df * s^2, df)
  piece <- function(from, to) {
    integrate(function(s) pnorm(t * s - ncp) * density(s), from, to, rel.tol = 1e-12,
              subdivisions = 5000)$value
  }
  piece(0, 1) + piece(1, 1 + 12 / sqrt(df))
}

noncentrality <- function(t, df, distribution, level = 0.95) {
  at <- function(target) {
    uniroot(function(ncp) distribution(t, df, ncp) - target,
            t + c(-8, 8) * sqrt(1 + t^2 / (2 * df)), tol = 1e-13, maxiter = 10000)$root
  }
  # pt() warns at the far ends of the search, not near the root.
  suppressWarnings(c(at((1 + level) / 2), at((1 - level) / 2)))
}

effect_sizes <- function(pre, post, d) {
  n <- length(d)
  t <- mean(d) / (sd(d) / sqrt(n))
  j <- small_sample_factor(n - 1)
  ncp <- noncentrality(t, n - 1, pt)
  d_z <- mean(d) / sd(d)
  d_av <- mean(d) / sqrt((var(pre) + var(post)) / 2)
  per_ncp <- sqrt(2 * (var(pre) + var(post) - 2 * cov(pre, post)) / (n * (var(pre) + var(post))))
  package_d <- effectsize::cohens_d(d)
  package_g <- effectsize::hedges_g(d)
  list(j = j, ncp = ncp, d_z = d_z, d_z_ci95 = ncp / sqrt(n), g_z = j * d_z,
       g_z_ci95 = j * ncp / sqrt(n), d_av = d_av, d_av_ci95 = per_ncp * ncp, g_av = j * d_av,
       g_av_ci95 = j * per_ncp * ncp,
       check = list(ncp = noncentrality(t, n - 1, noncentral_p),
                    d_z = package_d$Cohens_d, d_z_ci95 = c(package_d$CI_low, package_d$CI_high),
                    g_z = package_g$Hedges_g, g_z_ci95 = c(package_g$CI_low, package_g$CI_high)))
}

rank_biserial <- function(d) {
  d <- d[d != 0]
  n <- length(d)
  ranks <- rank(abs(d))
  total <- n * (n + 1) / 2
  estimate <- sum(sign(d) * ranks) / total
  se <- sqrt(n * (n + 1) * (2 * n + 1) / 6) / total
  package <- effectsize::rank_biserial(d, mu = 0, verbose = FALSE)
  list(estimate = estimate, ci95 = tanh(atanh(estimate) + c(-1, 1) * qnorm(0.975) * se),
       check = list(estimate = package$r_rank_biserial,
                    ci95 = c(package$CI_low, package$CI_high)))
}

median_change <- function(d) {
  n <- length(d)
  k <- qbinom(0.025, n, 0.5)
  list(estimate = median(d), k = k,
       ci95 = if (k < 1) c(NA_real_, NA_real_) else sort(d)[c(k, n + 1 - k)],
       level = if (k < 1) NA_real_ else 1 - 2 * pbinom(k - 1, n, 0.5))
}

normality <- function(d) {
  test <- shapiro.test(d)
  list(w = unname(test$statistic), p = test$p.value)
}

# Integrated over u = g / (1 + g), which turns the half line into a finite interval.
jzs <- function(d, r = sqrt(2) / 2) {
  n <- length(d)
  nu <- n - 1
  t <- mean(d) / (sd(d) / sqrt(n))
  log_null <- -(nu + 1) / 2 * log1p(t^2 / nu)
  ratio <- function(u) {
    g <- u / (1 - u)
    spread <- 1 + n * g * r^2
    exp(-0.5 * log(spread) - (nu + 1) / 2 * log1p(t^2 / (spread * nu)) - log_null -
          0.5 * log(2 * pi) - 1.5 * log(g) - 1 / (2 * g)) / (1 - u)^2
  }
  over_g <- integrate(ratio, 0, 1, rel.tol = 1e-12, subdivisions = 5000)$value
  density <- function(delta) dt(t, nu, delta * sqrt(n)) * dcauchy(delta, 0, r)
  centre <- t / sqrt(n)
  pieces <- c(-Inf, centre - 3, centre, centre + 3, Inf)
  # dt() warns far from t, where the integrand has vanished.
  over_delta <- suppressWarnings(sum(sapply(1:4, function(i) {
    integrate(density, pieces[i], pieces[i + 1], rel.tol = 1e-10, subdivisions = 5000)$value
  }))) / dt(t, nu)
  package <- suppressMessages(BayesFactor::ttestBF(x = d, rscale = r))
  list(bf10 = over_g, check = list(
    over_delta = over_delta, bayes_factor = exp(package@bayesFactor$bf)
  ))
}

share_positive <- function(d) {
  count <- sum(d > 0)
  n <- length(d)
  list(count = count, n = n, share = count / n,
       clopper_pearson = as.numeric(binom.test(count, n)$conf.int),
       wilson = as.numeric(suppressWarnings(prop.test(count, n, correct = FALSE))$conf.int))
}

# ---- meta-analytic mean ---------------------------------------------------------------------

weighted_mean <- function(y, v, tau2) sum(y / (v + tau2)) / sum(1 / (v + tau2))

weighted_squares <- function(y, v, tau2) {
  sum((y - weighted_mean(y, v, tau2))^2 / (v + tau2))
}

dersimonian_laird <- function(y, v) {
  w <- 1 / v
  max(0, (weighted_squares(y, v, 0) - (length(y) - 1)) / (sum(w) - sum(w^2) / sum(w)))
}

paule_mandel <- function(y, v) {
  excess <- function(tau2) weighted_squares(y, v, tau2) - (length(y) - 1)
  if (excess(0) <= 0) return(0)
  uniroot(excess, c(0, 100 * var(y)), tol = 1e-14, maxiter = 10000)$root
}

# The root of the restricted score, not the maximum of the likelihood: a maximum is located only
# to the square root of machine precision.
reml <- function(y, v) {
  score <- function(tau2) {
    w <- 1 / (v + tau2)
    sum(w^2 * (y - weighted_mean(y, v, tau2))^2) - sum(w) + sum(w^2) / sum(w)
  }
  if (score(0) <= 0) return(0)
  uniroot(score, c(0, 100 * var(y)), tol = 1e-14, maxiter = 10000)$root
}

with_tau2 <- function(y, v, tau2) {
  k <- length(y)
  m <- weighted_mean(y, v, tau2)
  se <- sqrt(1 / sum(1 / (v + tau2)))
  se_kh <- se * sqrt(weighted_squares(y, v, tau2) / (k - 1))
  interval <- function(s, q) m + c(-1, 1) * q * s
  predicted <- function(s) {
    if (k < 3) return(c(NA_real_, NA_real_))
    interval(sqrt(tau2 + s^2), qt(0.975, k - 2))
  }
  list(tau2 = tau2, mean = m, se = se, ci95 = interval(se, qnorm(0.975)),
       p = 2 * pnorm(-abs(m / se)), se_kh = se_kh, ci95_kh = interval(se_kh, qt(0.975, k - 1)),
       p_kh = 2 * pt(-abs(m / se_kh), k - 1), pi95 = predicted(se), pi95_kh = predicted(se_kh))
}

check_meta <- function(y, v) {
  tight <- list(threshold = 1e-13, maxiter = 10000, tol = 1e-13)
  lapply(c(fixed = "FE", dl = "DL", pm = "PM", reml = "REML"), function(method) {
    control <- if (method %in% c("FE", "DL")) list() else tight
    fit <- metafor::rma(y, v, method = method, control = control)
    found <- list(tau2 = fit$tau2, mean = as.numeric(fit$beta), se = fit$se, p = fit$pval,
                  i2 = fit$I2)
    if (method == "FE") return(found)
    knha <- metafor::rma(y, v, method = method, test = "knha", control = control)
    c(found, list(se_kh = knha$se, ci95_kh = c(knha$ci.lb, knha$ci.ub), p_kh = knha$pval))
  })
}

meta_mean <- function(y, v) {
  used <- !is.na(y) & !is.na(v)
  y <- y[used]
  v <- v[used]
  k <- length(y)
  q <- weighted_squares(y, v, 0)
  list(k = k, q = q, df = k - 1, p_q = pchisq(q, k - 1, lower.tail = FALSE),
       i2 = 100 * max(0, (q - (k - 1)) / q),
       fixed = with_tau2(y, v, 0)[c("tau2", "mean", "se", "ci95", "p")],
       dl = with_tau2(y, v, dersimonian_laird(y, v)),
       pm = with_tau2(y, v, paule_mandel(y, v)),
       reml = with_tau2(y, v, reml(y, v)),
       check = check_meta(y, v))
}

# ---- JSON -----------------------------------------------------------------------------------

# Written here because packages stop at 15 significant digits, too few to read a double back.
number_text <- function(x) {
  text <- rep("null", length(x))
  known <- !is.na(x)
  short <- sprintf("%.15g", x[known])
  exact <- as.numeric(short) == x[known]
  text[known] <- ifelse(exact, short, sprintf("%.17g", x[known]))
  text
}

json <- function(x, indent = "") {
  deeper <- paste0(indent, "  ")
  if (is.list(x) && !is.null(names(x))) {
    entries <- paste0(deeper, "\"", names(x), "\": ", vapply(x, json, "", indent = deeper))
    return(paste0("{\n", paste(entries, collapse = ",\n"), "\n", indent, "}"))
  }
  if (is.list(x)) {
    entries <- paste0(deeper, vapply(x, json, "", indent = deeper))
    return(paste0("[\n", paste(entries, collapse = ",\n"), "\n", indent, "]"))
  }
  stopifnot(!is.nan(x), !is.infinite(x))
  text <- if (is.character(x)) paste0("\"", x, "\"") else number_text(x)
  if (length(x) == 1) text else paste0("[", paste(text, collapse = ", "), "]")
}
