# Writes the data sets *.csv: two published ones out of R packages and eight simulated trials with
# a change of slope (a hinge) at t = 0. Nothing in the simulated trials comes from real patients.

set.seed(1, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

write_table <- function(table, name) {
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}

sleepstudy <- lme4::sleepstudy
write_table(data.frame(patient = sleepstudy$Subject, t = sleepstudy$Days, y = sleepstudy$Reaction),
            "sleepstudy")

orthodont <- as.data.frame(nlme::Orthodont)
write_table(data.frame(patient = orthodont$Subject, t = orthodont$age, y = orthodont$distance,
                       sex = orthodont$Sex),
            "orthodont")

months <- c(-9, -6, -3, 0, 1, 3, 6, 9, 12, 18)

# `change` is the mean change of slope; `sd` holds the SD of level, slope and change of slope.
simulate <- function(seed, n, change = 0.4, sd = c(5, 0.5, 0.4), r = c(0.3, 0.1, -0.4),
                     residual = 1.3, after = 1, schedule = months, jitter = 0.3, decimals = 2) {
  set.seed(seed)
  cor <- diag(3)
  cor[lower.tri(cor)] <- r
  cor[upper.tri(cor)] <- t(cor)[upper.tri(cor)]
  effects <- matrix(rnorm(3 * n), n) %*% chol(cor) %*% diag(sd)
  rows <- lapply(seq_len(n), function(i) {
    t <- schedule
    if (jitter > 0) {
      moved <- t != 0
      t[moved] <- round(t[moved] + runif(sum(moved), -jitter, jitter), 3)
    }
    mean <- 36 + effects[i, 1] + (-1 + effects[i, 2]) * t + (change + effects[i, 3]) * pmax(t, 0)
    y <- mean + rnorm(length(t), sd = residual * ifelse(t > 0, after, 1))
    data.frame(patient = sprintf(if (n > 99) "P%03d" else "P%02d", i), t = t,
               y = round(y, decimals))
  })
  do.call(rbind, rows)
}

write_table(simulate(208, 8), "hinge_n8")
write_table(simulate(214, 10, sd = c(5, 0.5, 0.1)), "hinge_n10_singular")

# Visits are missing at random; P01 has one visit, P02 visits before only, P03 one after 0 only;
# P04 to P06 have two visits. A missing value is left empty or the row is left out.
missing <- simulate(212, 12)
missing <- missing[!(missing$patient == "P01" & missing$t != 0), ]
missing <- missing[!(missing$patient == "P02" & missing$t > 0), ]
missing <- missing[!(missing$patient == "P03" & missing$t <= 6 | missing$patient == "P03" &
                       missing$t > 9.5), ]
missing <- missing[!(missing$patient == "P04" & abs(missing$t) > 1.5), ]
missing <- missing[!(missing$patient == "P05" & !(missing$t < -8 | missing$t > 16)), ]
missing <- missing[!(missing$patient == "P06" & !(missing$t > -4 & missing$t < 0 | missing$t == 0)), ]
later <- which(!missing$patient %in% sprintf("P%02d", 1:6))
missing <- missing[-sample(later, 12), ]
later <- which(!missing$patient %in% sprintf("P%02d", 1:6))
missing$y[sample(later, 4)] <- NA
write_table(missing, "hinge_n12_missing")

# Common schedule in whole months, integer scores held to the scale.
ties <- simulate(215, 15, jitter = 0, decimals = 0, schedule = c(-9, -6, -3, 0, 3, 6, 9, 12))
ties$y <- pmin(pmax(ties$y, 0), 48)
write_table(ties, "hinge_n15_ties")

write_table(simulate(220, 20), "hinge_n20")
write_table(simulate(225, 25, after = 1.8), "hinge_n25_unequal")

groups <- simulate(221, 20)
number <- as.integer(sub("P", "", groups$patient))
age <- round(rnorm(20, 56, 9))[number]
groups$group <- number %% 2
groups$age <- age
groups$y <- round(groups$y - 0.1 * (age - 56) + groups$group * (0.5 + 0.3 * pmax(groups$t, 0)), 2)
write_table(groups, "hinge_n20_groups")

write_table(simulate(200, 200), "hinge_n200")

# An optimiser held by the bounds of the variances stops below the maximum here: lme4 does from
# its own start with the first, and from two of four starts with the second.
write_table(simulate(301, 6, sd = c(1, 0.05, 0.4)), "hinge_n6_false_zero")
write_table(simulate(304, 6, sd = c(1, 0.05, 0.4)), "hinge_n6_false_zero_2")
