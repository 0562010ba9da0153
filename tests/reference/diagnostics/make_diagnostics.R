# Reference numbers for the diagnostics of the comparison, from base R.
# Run in this folder: Rscript make_diagnostics.R

suppressPackageStartupMessages(library(jsonlite))

month <- 30.4375
trials <- c("trial_n8", "trial_n10", "trial_n12_missing", "trial_n20_fvc", "trial_n25", "trial_n200")

side <- function(visits, rule, which) {
  day <- visits$day
  keep <- if (which == "before") {
    if (rule %in% c("before", "both")) day <= 0 else day < 0
  } else {
    if (rule %in% c("after", "both")) day >= 0 else day > 0
  }
  visits[keep, ]
}

usable <- function(v) nrow(v) >= 2 && diff(range(v$day)) >= 60

slope <- function(v) unname(coef(lm(value ~ t, v))[2])

# Every line in one regression, so that rstudent() pools the residual SD.
residual_table <- function(lines) {
  all <- do.call(rbind, Map(function(v, k) transform(v, line = k), lines, seq_along(lines)))
  all$line <- factor(all$line)
  fit <- lm(value ~ 0 + line + line:t, all)
  all$residual <- unname(resid(fit))
  free <- 1 - hatvalues(fit) > 1e-9
  all$studentised <- ifelse(free, suppressWarnings(rstudent(fit)), NA)
  list(patient = all$patient, side = all$side, day = all$day, residual = all$residual,
       studentised = all$studentised, sigma = sigma(fit), df = df.residual(fit))
}

one_out <- function(d) {
  n <- length(d)
  rows <- lapply(seq_len(n), function(i) {
    two <- t.test(d[-i])
    c(unname(two$estimate), two$conf.int, two$p.value,
      t.test(d[-i], alternative = "greater")$p.value, t.test(d[-i], alternative = "less")$p.value)
  })
  m <- do.call(rbind, rows)
  list(estimate = m[, 1], low = m[, 2], high = m[, 3], p = m[, 4], p_greater = m[, 5],
       p_less = m[, 6], dfbetas = unname(dfbetas(lm(d ~ 1))[, 1]))
}

# Coefficient of t^2 before day 0, and the change that y = t^2 makes with everybody's own visits.
curvature <- function(pre, post, paired) {
  q <- sapply(pre, function(v) {
    if (!usable(v) || nrow(v) < 4 || length(unique(v$day)) < 3) return(NA)
    unname(coef(lm(value ~ t + I(t^2), v))[3])
  })
  parabola <- function(v) slope(transform(v, value = t^2))
  bend <- mapply(function(b, a) parabola(a) - parabola(b), pre[paired], post[paired])
  known <- q[!is.na(q)]
  test <- if (length(known) > 1) t.test(known)
  list(coefficient = unname(q), mean = mean(known), p = test$p.value, ci95 = test$conf.int,
       schedule = mean(bend))
}

numbers <- function(name, rule) {
  visits <- read.csv(file.path("..", paste0(name, ".csv")))
  visits <- visits[!is.na(visits$value), ]
  visits$t <- visits$day / month
  people <- split(visits, factor(visits$patient, unique(visits$patient)))
  pre <- lapply(people, side, rule, "before")
  post <- lapply(people, side, rule, "after")
  ok_pre <- sapply(pre, usable)
  ok_post <- sapply(post, usable)
  paired <- ok_pre & ok_post
  b <- sapply(pre[ok_pre], slope)[names(people)[paired]]
  a <- sapply(post[ok_post], slope)[names(people)[paired]]
  d <- unname(a - b)
  oldham <- cor.test((a + b) / 2, d)
  lines <- c(Map(function(v) transform(v, side = "before"), pre[ok_pre]),
             Map(function(v) transform(v, side = "after"), post[ok_post]))
  residuals <- residual_table(lines)
  se2 <- residuals$sigma^2 / sapply(pre[paired], function(v) sum((v$t - mean(v$t))^2))
  shapiro <- shapiro.test(d)
  leave <- sapply(pre[ok_pre & !ok_post], slope)
  welch <- if (length(leave) > 1) t.test(as.numeric(leave), b)
  list(patient = names(people)[paired], d = d, leave_one_out = one_out(d),
       shapiro = c(unname(shapiro$statistic), shapiro$p.value),
       coupled = cor(b, d), oldham = unname(oldham$estimate), oldham_t = unname(oldham$statistic),
       oldham_df = unname(oldham$parameter), oldham_p = oldham$p.value,
       error_variance = mean(se2), variance = var(b),
       residuals = residuals, curvature = curvature(pre, post, paired),
       welch = if (!is.null(welch)) list(difference = unname(-diff(welch$estimate)),
                                         ci95 = welch$conf.int, p = welch$p.value))
}

# Share of simulated normal samples, mean and SD estimated, whose most extreme rank is beyond this.
local_level <- function(n, draws) {
  rank <- seq_len(n)
  extreme <- replicate(draws, {
    z <- sort(rnorm(n))
    share <- pbeta(pnorm((z - mean(z)) / sd(z)), rank, n + 1 - rank)
    min(2 * pmin(share, 1 - share))
  })
  unname(quantile(extreme, 0.05))
}

set.seed(4711)
levels <- lapply(setNames(nm = c("3", "12", "60")),
                 function(n) local_level(as.integer(n), 60000))
cases <- lapply(setNames(nm = trials), function(name)
  lapply(setNames(nm = c("before", "both")), function(rule) numbers(name, rule)))
writeLines(toJSON(list(local_level = levels, trials = cases), digits = NA, auto_unbox = TRUE,
                  na = "null", null = "null"), "diagnostics.json")
