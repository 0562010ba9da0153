# Kaplan-Meier estimates with log-log intervals, medians and log-rank tests, from R's survival.
# Run in this folder: Rscript make_survival.R
library(survival)

set.seed(20261)

simulated <- function(n, rate, censor, digits) {
  death <- rexp(n, rate)
  gone <- runif(n, 0, censor)
  data.frame(time = round(pmin(death, gone), digits), event = as.integer(death <= gone))
}

sets <- list(
  plain = simulated(24, 1 / 14, 24, 2),
  ties = simulated(30, 1 / 10, 20, 0),
  few_events = simulated(12, 1 / 40, 12, 1),
  no_censoring = data.frame(time = c(1, 2, 3, 4, 6, 9, 12, 15), event = 1),
  half_for_a_while = data.frame(time = c(1, 2, 5, 8), event = 1),
  last_is_event = data.frame(time = c(2, 3, 3, 5, 7, 7, 11), event = c(1, 0, 1, 1, 0, 1, 1)),
  events_at_zero = data.frame(time = c(0, 0, 1, 2, 4, 4, 6), event = c(1, 0, 1, 0, 1, 1, 0)),
  large = simulated(400, 1 / 12, 30, 1)
)

number <- function(x) if (is.na(x)) "null" else format(x, digits = 17)
list_of <- function(x) paste0("[", paste(vapply(x, number, ""), collapse = ", "), "]")

curve <- function(d, level) {
  fit <- survfit(Surv(time, event) ~ 1, data = d, conf.type = "log-log", conf.int = level)
  median <- quantile(fit, 0.5)
  table <- summary(fit)$table
  stopifnot(all.equal(unname(table["median"]), unname(median$quantile)))
  paste0(
    '{"month": ', list_of(fit$time), ', "survival": ', list_of(fit$surv),
    ', "low": ', list_of(fit$lower), ', "high": ', list_of(fit$upper),
    ', "at_risk": ', list_of(fit$n.risk), ', "events": ', list_of(fit$n.event),
    ', "censored": ', list_of(fit$n.censor),
    ', "median": ', number(unname(median$quantile)),
    ', "median_low": ', number(unname(median$lower)),
    ', "median_high": ', number(unname(median$upper)), "}"
  )
}

entry <- function(name) {
  d <- sets[[name]]
  paste0(
    '"', name, '": {"time": ', list_of(d$time), ', "event": ', list_of(d$event),
    ',\n  "level_95": ', curve(d, 0.95), ',\n  "level_80": ', curve(d, 0.8), "}"
  )
}

log_rank <- function(first, second) {
  d <- rbind(cbind(sets[[first]], group = 1), cbind(sets[[second]], group = 2))
  test <- survdiff(Surv(time, event) ~ group, data = d)
  paste0(
    '{"first": "', first, '", "second": "', second, '", "chi2": ', number(test$chisq),
    ', "p": ', number(pchisq(test$chisq, 1, lower.tail = FALSE)),
    ', "observed": ', list_of(test$obs), ', "expected": ', list_of(test$exp), "}"
  )
}

curves <- paste(vapply(names(sets), entry, ""), collapse = ",\n")
pairs <- list(c("plain", "ties"), c("plain", "few_events"), c("last_is_event", "events_at_zero"))
tests <- paste(vapply(pairs, function(p) log_rank(p[1], p[2]), ""), collapse = ",\n")
version <- paste("R", getRversion(), "survival", packageVersion("survival"))
writeLines(
  paste0('{"made_with": "', version, '",\n"curves": {\n', curves, '},\n"log_rank": [\n', tests, "]}"),
  "survival.json"
)
