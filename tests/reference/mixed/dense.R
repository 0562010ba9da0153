# Likelihood, Satterthwaite and Kenward-Roger written out from their definitions with the whole
# covariance matrix V of the observations. Slow, but free of any parametrisation trick.
#
# m: list(y, x, z, patient, stratum), stratum 0/1. parameters: `psi` (q x q), `s2` (one or two
# residual variances, of stratum 0 and 1).

covariance <- function(m, psi, s2) {
  same <- outer(m$patient, m$patient, "==")
  residual <- if (length(s2) == 1) rep(s2, length(m$y)) else s2[m$stratum + 1]
  m$z %*% psi %*% t(m$z) * same + diag(residual, length(residual))
}

log_determinant <- function(a) as.numeric(determinant(a, logarithm = TRUE)$modulus)

dense_fit <- function(m, psi, s2) {
  v <- covariance(m, psi, s2)
  v_inv <- chol2inv(chol(v))
  information <- t(m$x) %*% v_inv %*% m$x
  beta <- solve(information, t(m$x) %*% v_inv %*% m$y)
  r <- m$y - m$x %*% beta
  n <- length(m$y)
  p <- ncol(m$x)
  fitted <- log_determinant(v) + as.numeric(t(r) %*% v_inv %*% r)
  list(v_inv = v_inv, vcov = solve(information), beta = as.numeric(beta),
       ml = -0.5 * (fitted + n * log(2 * pi)),
       reml = -0.5 * (fitted + log_determinant(information) + (n - p) * log(2 * pi)))
}

# Blocks of one patient each: the same log-likelihood without a large V.
blockwise <- function(m, psi, s2) {
  information <- 0
  score <- 0
  squares <- 0
  log_v <- 0
  for (rows in split(seq_along(m$y), m$patient)) {
    one <- list(y = m$y[rows], z = m$z[rows, , drop = FALSE], patient = m$patient[rows],
                stratum = m$stratum[rows])
    root <- chol(covariance(one, psi, s2))
    x <- backsolve(root, m$x[rows, , drop = FALSE], transpose = TRUE)
    y <- backsolve(root, one$y, transpose = TRUE)
    information <- information + crossprod(x)
    score <- score + crossprod(x, y)
    squares <- squares + sum(y^2)
    log_v <- log_v + 2 * sum(log(diag(root)))
  }
  vcov <- chol2inv(chol(information))
  beta <- as.numeric(vcov %*% score)
  n <- length(m$y)
  p <- ncol(m$x)
  fitted <- log_v + squares - sum(beta * score)
  list(vcov = vcov, beta = beta, ml = -0.5 * (fitted + n * log(2 * pi)),
       reml = -0.5 * (fitted + log_determinant(information) + (n - p) * log(2 * pi)))
}

lower_index <- function(q) which(lower.tri(diag(q), diag = TRUE), arr.ind = TRUE)

# theta: lower triangle, by columns, of L with psi = L L'; residual: log of the residual SDs.
from_vector <- function(vector, q) {
  k <- q * (q + 1) / 2
  l <- matrix(0, q, q)
  l[lower.tri(l, diag = TRUE)] <- vector[seq_len(k)]
  list(psi = l %*% t(l), s2 = exp(2 * vector[-seq_len(k)]))
}

# Satterthwaite (Fai & Cornelius 1996): df = 2 f^2 / (g' A g), f = c' Phi c, g its gradient in the
# variance parameters, A twice the inverse Hessian of -2 log-likelihood there.
satterthwaite_df <- function(m, l, s2, contrasts, reml = TRUE) {
  q <- nrow(l)
  at <- c(l[lower.tri(l, diag = TRUE)], 0.5 * log(s2))
  deviance <- function(vector) {
    parts <- from_vector(vector, q)
    found <- blockwise(m, parts$psi, parts$s2)
    -2 * (if (reml) found$reml else found$ml)
  }
  h <- eigen(numDeriv::hessian(deviance, at), symmetric = TRUE)
  kept <- h$values > 1e-8
  a <- 2 * h$vectors[, kept] %*% (t(h$vectors[, kept]) / h$values[kept])
  variance <- function(vector) {
    parts <- from_vector(vector, q)
    phi <- blockwise(m, parts$psi, parts$s2)$vcov
    vapply(contrasts, function(c) as.numeric(c %*% phi %*% c), 0)
  }
  g <- numDeriv::jacobian(variance, at)
  f <- variance(at)
  setNames(2 * f^2 / rowSums((g %*% a) * g), names(contrasts))
}

# Kenward & Roger (1997): V is linear in the elements of psi and the residual variances.
kenward_roger <- function(m, psi, s2, contrasts) {
  q <- nrow(psi)
  n <- length(m$y)
  same <- outer(m$patient, m$patient, "==")
  pairs <- lower_index(q)
  g <- lapply(seq_len(nrow(pairs)), function(k) {
    e <- matrix(0, q, q)
    e[pairs[k, 1], pairs[k, 2]] <- 1
    e[pairs[k, 2], pairs[k, 1]] <- 1
    m$z %*% e %*% t(m$z) * same
  })
  strata <- if (length(s2) == 1) list(rep(1, n)) else list(1 - m$stratum, m$stratum)
  g <- c(g, lapply(strata, diag))
  fit <- dense_fit(m, psi, s2)
  phi <- fit$vcov
  vx <- fit$v_inv %*% m$x
  vg <- lapply(g, function(one) fit$v_inv %*% one)
  r <- length(g)
  p_i <- lapply(g, function(one) -t(vx) %*% one %*% vx)
  q_ij <- function(i, j) t(vx) %*% g[[i]] %*% fit$v_inv %*% g[[j]] %*% vx
  trace <- function(a) sum(diag(a))
  information <- matrix(0, r, r)
  quadratic <- matrix(list(), r, r)
  for (i in seq_len(r)) for (j in seq_len(i)) {
    quadratic[[i, j]] <- q_ij(i, j)
    quadratic[[j, i]] <- t(quadratic[[i, j]])
    information[i, j] <- information[j, i] <- 0.5 * (
      sum(vg[[i]] * t(vg[[j]])) - 2 * trace(phi %*% quadratic[[i, j]]) +
        trace(phi %*% p_i[[i]] %*% phi %*% p_i[[j]]))
  }
  w <- solve(information)
  lambda <- 0
  for (i in seq_len(r)) for (j in seq_len(r)) {
    lambda <- lambda + w[i, j] * (quadratic[[i, j]] - p_i[[i]] %*% phi %*% p_i[[j]])
  }
  adjusted <- phi + 2 * phi %*% ((lambda + t(lambda)) / 2) %*% phi
  df <- vapply(contrasts, function(c) {
    u <- phi %*% c
    g <- vapply(p_i, function(one) -as.numeric(t(u) %*% one %*% u), 0)
    2 * as.numeric(c %*% u)^2 / as.numeric(g %*% w %*% g)
  }, 0)
  list(vcov = adjusted, df = df)
}
