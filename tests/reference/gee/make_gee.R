# Population-averaged models of the trials in ../mixed: writes gee.json.
# Run in this folder, it takes a few seconds: Rscript make_gee.R
# Made with R 4.2.2 Patched (2022-11-10 r83330), Debian 12; gee 4.13-25, geepack 1.3.9,
# clubSandwich 0.5.8, nlme 3.1-162.

suppressMessages({
  library(gee)
  library(geepack)
  library(nlme)
  library(clubSandwich)
})
source("../definitions.R")

contrasts <- list(slope_before = c(0, 1, 0), change = c(0, 0, 1), slope_after = c(0, 1, 1))

# Mancl & DeRouen 2001 from its formula, with the working correlation as dense blocks.
by_definition <- function(y, x, id, alpha) {
  blocks <- lapply(split(seq_along(y), id), function(at) {
    r <- diag(1 - alpha, length(at)) + alpha
    list(x = x[at, , drop = FALSE], y = y[at], inverse = solve(r))
  })
  total <- function(one) Reduce(`+`, lapply(blocks, one))
  bread <- solve(total(function(b) t(b$x) %*% b$inverse %*% b$x))
  beta <- bread %*% total(function(b) t(b$x) %*% b$inverse %*% b$y)
  meat <- total(function(b) {
    h <- b$x %*% bread %*% t(b$x) %*% b$inverse
    u <- t(b$x) %*% b$inverse %*% solve(diag(length(b$y)) - h, b$y - b$x %*% beta)
    u %*% t(u)
  })
  list(beta = as.numeric(beta), vcov = bread %*% meat %*% bread)
}

numbers_of <- function(beta, vcov, n) {
  vcov <- as.matrix(vcov)
  effects <- lapply(contrasts, function(c) {
    c <- c(c, rep(0, length(beta) - 3))
    estimate <- sum(c * beta)
    se <- sqrt(as.numeric(c %*% vcov %*% c))
    half <- qt(0.975, n - 1) * se
    list(estimate = estimate, se = se, df = n - 1,
         p = 2 * pt(-abs(estimate / se), n - 1), ci95 = estimate + c(-1, 1) * half)
  })
  list(effects = effects, beta = unname(beta))
}

off <- function(a, b) max(abs(as.numeric(a) / as.numeric(b) - 1))

model_numbers <- function(name, age = FALSE) {
  d <- read.csv(paste0("../mixed/", name, ".csv"), colClasses = c(patient = "character"))
  d <- d[!is.na(d$y), ]
  d$id <- as.integer(factor(d$patient))
  d <- d[order(d$id, d$t), ]
  d$after <- pmax(d$t, 0)
  formula <- y ~ t + after
  if (age) {
    d$age <- d$age - mean(d$age[!duplicated(d$id)])
    formula <- y ~ t + after + age
  }
  x <- model.matrix(formula, d)
  n <- max(d$id)

  ordinary <- lm(formula, d)
  independence <- numbers_of(coef(ordinary), vcovCR(ordinary, cluster = d$id, type = "CR3"), n)
  plain <- by_definition(d$y, x, d$id, 0)
  independence$check <- list(
    geepack_beta = unname(coef(geeglm(formula, id = id, data = d, corstr = "independence"))),
    definition = off(sqrt(diag(plain$vcov)),
                     sqrt(diag(as.matrix(vcovCR(ordinary, cluster = d$id, type = "CR3")))))
  )

  invisible(capture.output(suppressMessages(
    fit <- gee(formula, id = id, data = d, corstr = "exchangeable", tol = 1e-13, maxiter = 500)
  )))
  correlation <- fit$working.correlation[1, 2]
  pairs <- sum(choose(table(d$id), 2))
  packed <- geeglm(formula, id = id, data = d, corstr = "fixed", zcor = rep(correlation, pairs),
                   control = geese.control(epsilon = 1e-12, maxit = 100))
  # gls() weights by the same working correlation; CR3 is the correction of Mancl & DeRouen.
  weighted <- gls(formula, data = d,
                  correlation = corCompSymm(correlation, form = ~ 1 | id, fixed = TRUE))
  vcov <- vcovCR(weighted, cluster = d$id, type = "CR3")
  exchangeable <- numbers_of(coef(fit), vcov, n)
  defined <- by_definition(d$y, x, d$id, correlation)
  exchangeable$correlation <- correlation
  exchangeable$check <- list(
    geepack_beta = unname(coef(packed)), gls_beta = unname(coef(weighted)),
    definition = off(sqrt(diag(defined$vcov)), sqrt(diag(as.matrix(vcov))))
  )
  message(sprintf("%s n %d rows %d correlation %.6f; SE off %.1e %.1e; beta off %.1e %.1e %.1e",
                  name, n, nrow(d), correlation, independence$check$definition,
                  exchangeable$check$definition,
                  off(independence$check$geepack_beta, independence$beta),
                  off(exchangeable$check$geepack_beta, exchangeable$beta),
                  off(exchangeable$check$gls_beta, exchangeable$beta)))
  list(age = age, n_patients = n, n_rows = nrow(d), independence = independence,
       exchangeable = exchangeable)
}

number_of_digits <- number_text
number_text <- function(x) {
  if (is.logical(x) && !anyNA(x)) tolower(as.character(x)) else number_of_digits(x)
}

names <- sub("\\.csv$", "", list.files("../mixed", pattern = "^hinge_.*\\.csv$"))
numbers <- lapply(setNames(names, names), model_numbers)
numbers$hinge_n20_groups_age <- model_numbers("hinge_n20_groups", age = TRUE)
writeLines(json(numbers), "gee.json")
