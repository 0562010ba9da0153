# Reads *.csv, fits the mixed models in R and writes numbers_*.json.

suppressMessages({
  library(lme4)
  library(nlme)
})
source("../definitions.R")
source("dense.R")

digits_only <- number_text
number_text <- function(x) {
  if (is.logical(x) && !anyNA(x)) tolower(as.character(x)) else digits_only(x)
}

columns_of <- list(
  "1" = function(d) rep(1, nrow(d)), "t" = function(d) d$t, "after" = function(d) pmax(d$t, 0),
  "t2" = function(d) d$t^2, "group" = function(d) d$group, "group:t" = function(d) d$group * d$t,
  "group:after" = function(d) d$group * pmax(d$t, 0),
  "age" = function(d) d$age - mean(d$age[!duplicated(d$patient)])
)

matrix_of <- function(names, d) {
  unname(vapply(names, function(name) as.numeric(columns_of[[name]](d)), numeric(nrow(d))))
}

as_model <- function(d, fixed, random) {
  list(y = d$y, x = matrix_of(fixed, d), z = matrix_of(random, d), patient = d$patient,
       stratum = as.integer(d$t > 0))
}

# ---- fits by lme4 -----------------------------------------------------------------------------

optimisers <- list(
  bobyqa = list(optimizer = "bobyqa",
                optCtrl = list(rhobeg = 0.2, rhoend = 1e-9, maxfun = 100000)),
  nloptwrap = list(optimizer = "nloptwrap",
                   optCtrl = list(xtol_abs = 1e-10, ftol_abs = 1e-12, maxeval = 100000)),
  Nelder_Mead = list(optimizer = "Nelder_Mead",
                     optCtrl = list(FtolAbs = 1e-12, FtolRel = 1e-16, XtolRel = 1e-10,
                                    maxfun = 20000))
)

# Newton steps on lme4's own deviance without the bounds: the sign of a column of the factor is
# free, and a bound can hold an optimiser where the gradient vanishes.
polish <- function(deviance, theta) {
  start <- deviance(theta)
  best <- start
  gradient <- numDeriv::grad(deviance, theta)
  for (step in 1:10) {
    h <- eigen(numDeriv::hessian(deviance, theta), symmetric = TRUE)
    use <- abs(h$values) > 1e-7 * max(abs(h$values))
    vectors <- h$vectors[, use, drop = FALSE]
    moved <- theta - as.numeric(vectors %*% (t(vectors) %*% gradient / abs(h$values[use])))
    found <- deviance(moved)
    if (!is.finite(found) || found > best + 1e-10) break
    at_moved <- numDeriv::grad(deviance, moved)
    if (found > best - 1e-10 && max(abs(at_moved)) >= max(abs(gradient))) break
    theta <- moved
    best <- found
    gradient <- at_moved
  }
  list(theta = theta, deviance = best, gradient = max(abs(gradient)))
}

positive_diagonal <- function(theta, q) {
  l <- matrix(0, q, q)
  l[lower.tri(l, diag = TRUE)] <- theta
  l <- l %*% diag(ifelse(diag(l) < 0, -1, 1), q)
  l[lower.tri(l, diag = TRUE)]
}

# The model has the columns x1.. and z1.. by name in a data frame of its own, so that every
# structure goes through one formula; `weights` are 1 / relative residual variance.
lmer_frame <- function(m) {
  x <- as.data.frame(m$x)
  z <- as.data.frame(m$z)
  names(x) <- paste0("x", seq_len(ncol(x)))
  names(z) <- paste0("z", seq_len(ncol(z)))
  list(frame = cbind(data.frame(y = m$y, patient = factor(m$patient)), x, z),
       text = paste("y ~ 0 +", paste(names(x), collapse = " + "), "+ (0 +",
                    paste(names(z), collapse = " + "), "| patient)"))
}

lmer_fit <- function(m, reml) {
  made <- lmer_frame(m)
  here <- new.env(parent = globalenv())
  here$frame <- made$frame
  formula <- as.formula(made$text, env = here)
  call <- as.call(list(quote(lme4::lmer), formula = formula, data = quote(frame), REML = reml))
  parsed <- lFormula(formula, data = made$frame, REML = reml,
                     control = lmerControl(check.conv.singular = "ignore"))
  q <- ncol(m$z)
  k <- q * (q + 1) / 2
  diagonal <- which(lower_index(q)[, 1] == lower_index(q)[, 2])
  start <- numeric(k)
  start[diagonal] <- 1
  set.seed(1)
  starts <- list(start, start * 0.1 + 0.05, start * 2 + rnorm(k, 0, 0.3),
                 start * 0.5 - rnorm(k, 0, 0.3))
  results <- list()
  deviance <- do.call(mkLmerDevfun, c(parsed, list(control = lmerControl())))
  for (name in names(optimisers)) for (from in starts) {
    from[diagonal] <- abs(from[diagonal])
    control <- optimisers[[name]]
    found <- suppressWarnings(
      optimizeLmer(deviance, optimizer = control$optimizer, control = control$optCtrl,
                   start = list(theta = from), restart_edge = TRUE, calc.derivs = FALSE))
    results[[length(results) + 1]] <- list(name = name, theta = found$par, deviance = found$fval)
  }
  values <- vapply(results, function(result) result$deviance, 0)
  best <- results[[which.min(values)]]
  polished <- polish(deviance, best$theta)
  theta <- positive_diagonal(polished$theta, q)
  fval <- deviance(theta)
  optimum <- list(par = theta, fval = fval, feval = 0, conv = 0, message = "")
  fit <- mkMerMod(environment(deviance), optimum, parsed$reTrms, fr = parsed$fr, mc = call)
  defaults <- tapply(values, vapply(results, function(result) result$name, ""),
                     function(one) one[1] / -2)
  list(fit = fit, optimiser = best$name, gradient = polished$gradient,
       gained = (best$deviance - polished$deviance) / 2,
       from_default_start = as.list(defaults[names(optimisers)]))
}

# ---- numbers of one fit -----------------------------------------------------------------------

two_sided <- function(estimate, se, df) {
  list(se = se, df = df, statistic = estimate / se, p = 2 * pt(-abs(estimate / se), df))
}

contrast_numbers <- function(fit, contrasts, reml) {
  with_df <- suppressWarnings(lmerTest::as_lmerModLmerTest(fit))
  adjusted <- if (reml) pbkrtest::vcovAdj(fit)
  phi <- as.matrix(vcov(fit))
  lapply(contrasts, function(c) {
    estimate <- sum(c * fixef(fit))
    satterthwaite <- lmerTest::contest1D(with_df, c, ddf = "Satterthwaite")
    numbers <- list(c = c, estimate = estimate,
                    satterthwaite = list(se = satterthwaite[["Std. Error"]],
                                         df = satterthwaite[["df"]],
                                         statistic = satterthwaite[["t value"]],
                                         p = satterthwaite[["Pr(>|t|)"]]))
    if (reml) {
      se <- sqrt(as.numeric(c %*% as.matrix(adjusted) %*% c))
      df <- pbkrtest::Lb_ddf(matrix(c, 1), phi, adjusted)
      numbers$kenward_roger <- two_sided(estimate, se, df)
    }
    numbers
  })
}

matrix_rows <- function(a) lapply(seq_len(nrow(a)), function(i) unname(as.numeric(a[i, ])))

fit_numbers <- function(d, fixed, random, contrasts, reml) {
  m <- as_model(d, fixed, random)
  made <- lmer_fit(m, reml)
  fit <- made$fit
  psi <- unclass(VarCorr(fit)$patient)[seq_len(ncol(m$z)), seq_len(ncol(m$z)), drop = FALSE]
  psi <- matrix(as.numeric(psi), ncol(m$z))
  phi <- matrix(as.numeric(vcov(fit)), ncol(m$x))
  blups <- as.matrix(ranef(fit)$patient)
  check <- blockwise(m, psi, sigma(fit)^2)
  list(
    fixed = as.list(fixed), random = as.list(random), reml = reml,
    n_rows = nrow(d), n_patients = length(unique(d$patient)),
    beta = unname(fixef(fit)), se = unname(sqrt(diag(phi))), vcov = matrix_rows(phi),
    psi = matrix_rows(psi), sigma = sigma(fit), loglik = as.numeric(logLik(fit)),
    singular = isSingular(fit, tol = 1e-4), aic = AIC(fit), bic = BIC(fit),
    optimiser = made$optimiser, gained = made$gained, gradient = made$gradient,
    from_default_start = made$from_default_start,
    dense = list(loglik = if (reml) check$reml else check$ml, beta = check$beta,
                 se = sqrt(diag(check$vcov))),
    contrasts = contrast_numbers(fit, contrasts, reml),
    patients = as.list(rownames(blups)), blups = matrix_rows(blups)
  )
}

# ---- two residual variances -------------------------------------------------------------------

nlme_best <- function(m, reml) {
  made <- lmer_frame(m)
  frame <- cbind(made$frame, stratum = factor(m$stratum))
  z <- grep("^z", names(frame), value = TRUE)
  x <- grep("^x", names(frame), value = TRUE)
  fixed <- as.formula(paste("y ~ 0 +", paste(x, collapse = " + ")))
  random <- list(patient = pdSymm(as.formula(paste("~ 0 +", paste(z, collapse = " + ")))))
  fits <- lapply(c("nlminb", "optim"), function(opt) {
    control <- lmeControl(opt = opt, maxIter = 500, msMaxIter = 2000, niterEM = 100,
                          tolerance = 1e-10, msTol = 1e-12, msMaxEval = 20000)
    tryCatch(
      do.call(nlme::lme, list(fixed, data = frame, random = random,
                              weights = varIdent(form = ~ 1 | stratum), control = control,
                              method = if (reml) "REML" else "ML")),
      error = function(problem) NULL)
  })
  fits <- Filter(Negate(is.null), fits)
  fits[[which.max(vapply(fits, function(fit) as.numeric(logLik(fit)), 0))]]
}

# The maximum of the written-out likelihood, started at nlme's answer. The last element of the
# vector is the log residual SD of stratum 1.
two_variances <- function(d, fixed, random, contrasts, reml) {
  m <- as_model(d, fixed, random)
  fit <- nlme_best(m, reml)
  q <- ncol(m$z)
  weight <- as.numeric(coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE))
  level <- names(coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE))
  relative <- setNames(weight, level)
  s2 <- unname((fit$sigma * relative[c("0", "1")])^2)
  psi <- matrix(as.numeric(getVarCov(fit)), q)
  deviance <- function(vector) {
    parts <- from_vector(vector, q)
    found <- blockwise(m, parts$psi, parts$s2)
    -2 * (if (reml) found$reml else found$ml)
  }
  l <- t(chol(psi + diag(1e-12, q)))
  best <- polish(deviance, c(l[lower.tri(l, diag = TRUE)], 0.5 * log(s2)))
  parts <- from_vector(best$theta, q)
  l[lower.tri(l, diag = TRUE)] <- best$theta[seq_len(q * (q + 1) / 2)]
  found <- blockwise(m, parts$psi, parts$s2)
  satterthwaite <- satterthwaite_df(m, l, parts$s2, contrasts, reml)
  kr <- if (reml) kenward_roger(m, parts$psi, parts$s2, contrasts)
  list(
    fixed = as.list(fixed), random = as.list(random), reml = reml,
    nlme = list(loglik = as.numeric(logLik(fit)), beta = unname(fixef(fit)),
                se = unname(sqrt(diag(fit$varFix))), sd_ratio = sqrt(s2[2] / s2[1]),
                variance_ratio = s2[2] / s2[1], sigma = sqrt(s2[1]), psi = matrix_rows(psi)),
    beta = found$beta, se = sqrt(diag(found$vcov)), vcov = matrix_rows(found$vcov),
    psi = matrix_rows(parts$psi), sigma = sqrt(parts$s2[1]),
    variance_ratio = parts$s2[2] / parts$s2[1], loglik = -best$deviance / 2,
    gradient = best$gradient,
    contrasts = lapply(setNames(names(contrasts), names(contrasts)), function(name) {
      c <- contrasts[[name]]
      estimate <- sum(c * found$beta)
      numbers <- list(c = c, estimate = estimate, satterthwaite =
        two_sided(estimate, sqrt(as.numeric(c %*% found$vcov %*% c)), satterthwaite[[name]]))
      if (reml) {
        numbers$kenward_roger <- two_sided(estimate, sqrt(as.numeric(c %*% kr$vcov %*% c)),
                                           kr$df[[name]])
      }
      numbers
    })
  )
}

# ---- models -----------------------------------------------------------------------------------

unit <- function(fixed) {
  setNames(lapply(seq_along(fixed), function(i) as.numeric(seq_along(fixed) == i)), fixed)
}

at_times <- function(times, row) {
  setNames(lapply(times, row), paste0("fitted_at_", times))
}

hinge_random <- c("1", "t", "after")

hinge_contrasts <- function(fixed, times) {
  zeros <- numeric(length(fixed) - 3)
  contrasts <- c(unit(fixed), list(slope_after = c(0, 1, 1, zeros)),
                 at_times(times, function(t) c(1, t, max(t, 0), zeros)))
  if ("group:after" %in% fixed) {
    pick <- function(...) as.numeric(fixed %in% c(...))
    contrasts$slope_after_group <- pick("t", "after", "group:t", "group:after")
    contrasts$difference_slope_after <- pick("group:t", "group:after")
    contrasts <- c(contrasts, setNames(
      lapply(times, function(t) {
        c(1, t, max(t, 0), 1, t, max(t, 0), 0)
      }), paste0("fitted_group_at_", times)))
  }
  contrasts
}

lr_test <- function(larger, smaller) {
  statistic <- 2 * (larger$loglik - smaller$loglik)
  df <- length(larger$beta) - length(smaller$beta)
  list(statistic = statistic, df = df, p = pchisq(statistic, df, lower.tail = FALSE))
}

brief <- function(fit) fit[c("fixed", "random", "reml", "beta", "loglik", "aic", "bic", "n_rows",
                             "optimiser", "gained", "gradient", "dense")]

hinge_trial <- function(name) {
  d <- read.csv(paste0(name, ".csv"))
  d <- d[!is.na(d$y), ]
  groups <- "group" %in% names(d)
  fixed <- c("1", "t", "after", if (groups) c("group", "group:t", "group:after", "age"))
  contrasts <- hinge_contrasts(fixed, c(-6, 0, 6, 12))
  reml <- fit_numbers(d, fixed, hinge_random, contrasts, TRUE)
  ml <- fit_numbers(d, fixed, hinge_random, contrasts, FALSE)
  without <- if (groups) setdiff(fixed, c("after", "group:after")) else c("1", "t")
  linear <- fit_numbers(d, without, hinge_random, unit(without), FALSE)
  curved <- c(without, "t2")
  quadratic <- fit_numbers(d, curved, hinge_random, unit(curved), FALSE)
  made <- list(
    trial = name, models = list(hinge_reml = reml, hinge_ml = ml),
    shapes = list(linear = brief(linear), hinge = brief(ml), quadratic = brief(quadratic)),
    lr_test = lr_test(ml, linear)
  )
  if (groups) {
    plain <- hinge_contrasts(fixed[1:3], c(-6, 0, 6, 12))
    made$models$plain_hinge_reml <- fit_numbers(d, fixed[1:3], hinge_random, plain, TRUE)
  }
  if (name %in% c("hinge_n25_unequal", "hinge_n20")) {
    made$two_variances <- list(reml = two_variances(d, fixed, hinge_random, contrasts, TRUE),
                               ml = two_variances(d, fixed, hinge_random, contrasts, FALSE))
    equal <- list(reml = reml, ml = ml)
    made$two_variances <- lapply(setNames(names(equal), names(equal)), function(key) {
      two <- made$two_variances[[key]]
      statistic <- 2 * (two$loglik - equal[[key]]$loglik)
      c(two, list(equal_variances = list(
        statistic = statistic, df = 1, p = pchisq(statistic, 1, lower.tail = FALSE))))
    })
  }
  if (name != "hinge_n200") made$dense_check <- dense_check(d, reml, fixed, contrasts)
  made
}

# Largest relative differences between lmerTest / pbkrtest and the written-out definitions.
dense_check <- function(d, fitted, fixed, contrasts) {
  m <- as_model(d, fixed, unlist(fitted$random))
  psi <- do.call(rbind, fitted$psi)
  s2 <- fitted$sigma^2
  kr <- kenward_roger(m, psi, s2, contrasts)
  e <- eigen(psi, symmetric = TRUE)
  root <- e$vectors %*% diag(sqrt(pmax(e$values, 0)), nrow(psi))
  l <- t(qr.R(qr(t(root))))
  satterthwaite <- satterthwaite_df(m, l, s2, contrasts)
  pick <- function(kind, key) vapply(fitted$contrasts, function(one) one[[kind]][[key]], 0)
  se <- sqrt(vapply(contrasts, function(c) as.numeric(c %*% kr$vcov %*% c), 0))
  off <- function(a, b) max(abs(a / b - 1))
  list(kenward_roger_se = off(se, pick("kenward_roger", "se")),
       kenward_roger_df = off(kr$df, pick("kenward_roger", "df")),
       satterthwaite_df = off(satterthwaite, pick("satterthwaite", "df")))
}

published <- function(name, times) {
  d <- read.csv(paste0(name, ".csv"))
  fixed <- c("1", "t")
  contrasts <- c(unit(fixed), at_times(times, function(t) c(1, t)))
  fits <- list()
  for (random in list("1", c("1", "t"))) for (reml in c(TRUE, FALSE)) {
    key <- paste0(if (length(random) == 1) "intercept" else "slope", if (reml) "_reml" else "_ml")
    fits[[key]] <- fit_numbers(d, fixed, random, contrasts, reml)
  }
  list(trial = name, models = fits,
       dense_check = dense_check(d, fits$slope_reml, fixed, contrasts))
}

write_numbers <- function(numbers) {
  path <- paste0("numbers_", numbers$trial, ".json")
  writeLines(json(numbers), path)
  fits <- numbers$models
  for (key in names(fits)) {
    fit <- fits[[key]]
    message(sprintf("%s %s loglik %.8f singular %s by %s gained %.1e gradient %.1e dense %.1e",
                    numbers$trial, key, fit$loglik, fit$singular, fit$optimiser, fit$gained,
                    fit$gradient, fit$loglik - fit$dense$loglik))
    message("   lower from default start: ",
            paste(names(fit$from_default_start),
                  sprintf("%.1e", fit$loglik - unlist(fit$from_default_start)), collapse = "; "))
  }
  if (!is.null(numbers$dense_check)) {
    message("   dense: ", paste(names(numbers$dense_check),
                                sprintf("%.1e", unlist(numbers$dense_check)), collapse = "; "))
  }
  for (two in numbers$two_variances) {
    message(sprintf("   two variances: loglik %.8f, nlme %.1e lower; ratio %.8f, nlme %.8f; %.1e",
                    two$loglik, two$loglik - two$nlme$loglik, two$variance_ratio,
                    two$nlme$variance_ratio, two$gradient))
  }
}

wanted <- commandArgs(trailingOnly = TRUE)
if (length(wanted) == 0) wanted <- sub("\\.csv$", "", list.files(pattern = "\\.csv$"))
for (name in wanted) {
  write_numbers(switch(name,
    sleepstudy = published(name, c(0, 4.5, 9)),
    orthodont = published(name, c(8, 11, 14)),
    hinge_trial(name)
  ))
}
