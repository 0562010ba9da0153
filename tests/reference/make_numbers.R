# Reference numbers for each trial_*.csv, and for Holm's correction.
# Run in this folder after make_trials.R: Rscript make_numbers.R

source("definitions.R")

rules <- c("before", "after", "both", "neither")

settings <- list(
  month_days = month, day0_rules = rules, min_visits = min_visits, min_span_days = min_span_days,
  slope_unit = "score per month", d = "post minus pre", round_decimals = decimals,
  confidence = 0.95, empty_value = "visit dropped", repeated_day = "every row is a visit",
  sign_flip_tolerance = "1e-9 * sum(abs(d))", sign_flip_p_to_n = largest_enumeration,
  sign_flip_ci_to_n = 20, jzs_scale = sqrt(2) / 2
)

paired_numbers <- function(lines) {
  used <- !is.na(lines$d)
  pre <- lines$pre$slope[used]
  post <- lines$post$slope[used]
  d <- lines$d[used]
  rounded <- round(d, decimals)
  # The tolerance of the sign flips must make them indifferent to the rounding.
  stopifnot(length(d) > largest_enumeration || identical(sign_flip_p(d), sign_flip_p(rounded)))
  list(
    summary = summary_numbers(pre, post, d), t = paired_t(d),
    signed_rank = list(wilcox = signed_rank(rounded, "wilcox"),
                       pratt = signed_rank(rounded, "pratt")),
    hodges_lehmann = hodges_lehmann(rounded), sign_test = sign_test(rounded),
    sign_flip = sign_flip(rounded), effect = effect_sizes(pre, post, d),
    rank_biserial = rank_biserial(rounded), median = median_change(rounded),
    shapiro = normality(d), jzs = jzs(d), positive = share_positive(rounded),
    meta = meta_mean(d, lines$var_d[used])
  )
}

trial_numbers <- function(name) {
  visits <- read.csv(paste0(name, ".csv"))
  visits <- visits[!is.na(visits$value), ]
  patients <- split(visits, factor(visits$patient, unique(visits$patient)))
  by_rule <- lapply(setNames(rules, rules), function(rule) {
    lines <- separate_lines(patients, rule)
    c(lines, paired_numbers(lines))
  })
  stick <- broken_stick(patients)
  with_jump <- jump(patients)
  # A jump at day 0 makes the two sides separate lines with day 0 before: a second path to d.
  both_ways <- by_rule$before$d - with_jump$change
  stopifnot(abs(both_ways[!is.na(both_ways)]) < 1e-10)
  list(
    trial = name, settings = settings, patient = names(patients), rules = by_rule,
    broken_stick = c(stick, list(meta = meta_mean(stick$patients$change,
                                                  stick$patients$var_change))),
    jump = with_jump
  )
}

for (file in Sys.glob("trial_*.csv")) {
  name <- sub("\\.csv$", "", file)
  writeLines(json(trial_numbers(name)), paste0(name, ".json"))
}

pairs <- list(c(0.014, 0.0009), c(0.03, 0.04), c(0.04, 0.03), c(0.02, 0.02), c(0.05, 0.6),
              c(0.7, 0.8), c(0.025, 0.05), c(0, 1), c(1, 1), c(0.0123456789, 0.0246913578),
              c(0.03, NA), c(0.01, 0.04, 0.03), c(0.2, 0.001, 0.04, 0.04))
holm <- lapply(pairs, function(p) list(p = p, adjusted = p.adjust(p, method = "holm")))
writeLines(json(holm), "holm.json")
