# Simulated trials for the reference numbers: long CSV files (patient, day, value).
# Run in this folder: Rscript make_trials.R

RNGkind("Mersenne-Twister", "Inversion", "Rejection")
month <- 30.4375

one_side <- function(n, from = 25, to = 300) {
  repeat {
    days <- sort(sample(from:to, n))
    if (diff(range(days)) >= 75) return(days)
  }
}

visit_days <- function(day0_share = 0.6) {
  before <- -rev(one_side(sample(2:5, 1)))
  after <- one_side(sample(2:5, 1))
  at_day0 <- runif(1) < day0_share && length(c(before, after)) < 10
  c(before, if (at_day0) 0, after)
}

score <- function(days, level, pre, change, noise) {
  t <- days / month
  pmin(48, pmax(0, round(level + pre * t + change * pmax(t, 0) + rnorm(length(t), 0, noise))))
}

percent <- function(days, level, pre, change, noise) {
  t <- days / month
  pmax(5, round(level + pre * t + change * pmax(t, 0) + rnorm(length(t), 0, noise), 1))
}

label <- function(i, n) sprintf(paste0("P%0", max(2, nchar(n)), "d"), i)

rows <- function(i, n, days, value) data.frame(patient = label(i, n), day = days, value = value)

save_trial <- function(parts, name) {
  trial <- do.call(rbind, parts)
  stopifnot(trial$day == round(trial$day))
  write.csv(trial, paste0("trial_", name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}

simulated <- function(i, n, change_mean = 0.4, change_sd = 0.5, noise = 1.1) {
  days <- visit_days()
  value <- score(days, rnorm(1, 33, 3.5), rnorm(1, -1.1, 0.35),
                 rnorm(1, change_mean, change_sd), noise)
  rows(i, n, days, value)
}

# Four visits at the same distance and none at day 0: the change is the same exact fraction
# under every day-0 rule, so ties and zeros survive all of them.
square <- function(i, n, scores) rows(i, n, c(-180, -90, 90, 180), scores)

set.seed(80801)
save_trial(c(
  list(
    square(1, 8, c(40, 34, 29, 23)),
    square(2, 8, c(42, 36, 31, 28)),
    square(3, 8, c(39, 33, 27, 24)),
    square(4, 8, c(35, 32, 29, 23)),
    square(5, 8, c(38, 31, 25, 21))
  ),
  lapply(6:8, simulated, n = 8)
), "n8")

set.seed(101002)
save_trial(lapply(1:10, simulated, n = 10), "n10")

set.seed(121203)
defects <- list(
  # One visit before plus day 0: usable only where day 0 counts as before.
  c(-120, 0, 60, 130, 200),
  # One visit before and no day 0: never usable.
  c(-90, 45, 110, 190),
  # Lost after the transplant.
  c(-250, -170, -80, 0),
  # One visit after plus day 0: usable only where day 0 counts as after.
  c(-210, -120, -40, 0, 150),
  # Exactly two visits on each side.
  c(-130, -35, 40, 150),
  # After-visits within 45 days: span too short.
  c(-200, -110, -30, 30, 50, 75),
  # Span of exactly 60 days before: just long enough.
  c(-95, -35, 30, 100, 180),
  # Span of 59 days before unless day 0 is counted there.
  c(-80, -50, -21, 0, 60, 150, 240)
)
missing_trial <- c(
  lapply(seq_along(defects), function(i) {
    days <- defects[[i]]
    rows(i, 12, days, score(days, rnorm(1, 33, 3), rnorm(1, -1.2, 0.3), rnorm(1, 0.5, 0.5), 1.1))
  }),
  lapply(9:12, simulated, n = 12)
)
# A visit that took place without a score: its value is empty and it counts nowhere.
missing_trial[[8]]$value[6] <- NA
missing_trial[[10]]$value[1] <- NA
save_trial(missing_trial, "n12_missing")

set.seed(151504)
# A common schedule and integer scores: few possible slopes, hence many ties.
scheduled <- c(-270, -180, -90, 0, 90, 180, 270)
save_trial(lapply(1:15, function(i) {
  if (i == 1) return(rows(i, 15, scheduled, rep(24, 7)))
  if (i == 2) return(rows(i, 15, scheduled, c(42, 39, 36, 33, 30, 27, 24)))
  value <- score(scheduled, rnorm(1, 32, 3), rnorm(1, -0.9, 0.25), rnorm(1, 0.25, 0.35), 0.6)
  rows(i, 15, scheduled, value)
}), "n15_ties")

set.seed(202005)
save_trial(lapply(1:20, function(i) {
  days <- visit_days()
  rows(i, 20, days, percent(days, rnorm(1, 72, 9), rnorm(1, -2.3, 0.9), rnorm(1, 0.9, 1.2), 2.8))
}), "n20_fvc")

set.seed(252506)
# Changes alike: the variance between patients is estimated as zero or nearly so.
save_trial(lapply(1:25, simulated, n = 25, change_mean = 0.3, change_sd = 0.02), "n25")

set.seed(200207)
save_trial(lapply(1:200, simulated, n = 200, change_mean = 0.15), "n200")

set.seed(101008)
# Day 0 recorded twice: with the same score, or with two different ones.
save_trial(lapply(1:10, function(i) {
  patient <- simulated(i, 10)
  if (i > 5) return(patient)
  patient <- patient[patient$day != 0, ]
  at_day0 <- sample(26:36, 1)
  second <- if (i <= 3) at_day0 else at_day0 + 2
  patient <- rbind(patient, rows(i, 10, c(0, 0), c(at_day0, second)))
  patient[order(patient$day), ]
}), "n10_repeat")
