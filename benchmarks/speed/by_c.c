/* Gradient descent by hand, as a limit for speed.py: gcc -O3 -march=native -ffast-math. REAL is double or float.
   Arrays of the network have the 128 rows as their fastest axis, which gcc vectorises best. */
#include <math.h>
#include <string.h>
#ifndef REAL
#define REAL double
#define TANH tanh
#define SQRT sqrt
#else
#define TANH tanhf
#define SQRT sqrtf
#endif

/* y ~ a t^2 + b t + c; p = (a, b, c); columns: loss and gradient norm. */
void quadratic(int n, const REAL *t, const REAL *y, REAL *p, REAL rate, long steps, double *loss, double *norm) {
    REAL a = p[0], b = p[1], c = p[2];
    for (long s = 0; s < steps; s++) {
        REAL l = 0, ga = 0, gb = 0, gc = 0;
        for (int i = 0; i < n; i++) {
            REAL r = a * t[i] * t[i] + b * t[i] + c - y[i];
            l += r * r;
            ga += r * t[i] * t[i];
            gb += r * t[i];
            gc += r;
        }
        ga *= (REAL)2 / n, gb *= (REAL)2 / n, gc *= (REAL)2 / n;
        loss[s] = l / n;
        norm[s] = SQRT(ga * ga + gb * gb + gc * gc);
        a -= rate * ga, b -= rate * gb, c -= rate * gc;
    }
    p[0] = a, p[1] = b, p[2] = c;
}

#define N 128
#define H 20
/* p: W1 (H), b1 (H), W2 (H x H), b2 (H), W3 (H), b3. */
void toy(const REAL *restrict x, const REAL *restrict y, REAL *restrict p, REAL rate, long steps, double *loss, double *norm) {
    static REAL h1[H][N] __attribute__((aligned(64))), h2[H][N] __attribute__((aligned(64)));
    static REAL d1[H][N] __attribute__((aligned(64))), d2[H][N] __attribute__((aligned(64)));
    static REAL e[N] __attribute__((aligned(64))), g[H + H + H * H + H + H + 1];
    REAL *W1 = p, *b1 = W1 + H, *W2 = b1 + H, *b2 = W2 + H * H, *W3 = b2 + H, *b3 = W3 + H;
    REAL *gW1 = g, *gb1 = gW1 + H, *gW2 = gb1 + H, *gb2 = gW2 + H * H, *gW3 = gb2 + H, *gb3 = gW3 + H;
    const int count = H + H + H * H + H + H + 1;
    for (long s = 0; s < steps; s++) {
        for (int j = 0; j < H; j++)
            for (int i = 0; i < N; i++) h1[j][i] = TANH(W1[j] * x[i] + b1[j]);
        for (int j = 0; j < H; j++) {
            REAL z[N] __attribute__((aligned(64)));
            for (int i = 0; i < N; i++) z[i] = b2[j];
            for (int k = 0; k < H; k++)
                for (int i = 0; i < N; i++) z[i] += W2[j * H + k] * h1[k][i];
            for (int i = 0; i < N; i++) h2[j][i] = TANH(z[i]);
        }
        REAL l = 0, sum = 0;
        for (int i = 0; i < N; i++) e[i] = *b3 - y[i];
        for (int k = 0; k < H; k++)
            for (int i = 0; i < N; i++) e[i] += W3[k] * h2[k][i];
        for (int i = 0; i < N; i++) {
            l += e[i] * e[i];
            e[i] *= (REAL)2 / N;
            sum += e[i];
        }
        *gb3 = sum;
        for (int k = 0; k < H; k++) {
            REAL w = 0, b = 0;
            for (int i = 0; i < N; i++) {
                w += e[i] * h2[k][i];
                d2[k][i] = e[i] * W3[k] * (1 - h2[k][i] * h2[k][i]);
                b += d2[k][i];
            }
            gW3[k] = w, gb2[k] = b;
        }
        memset(d1, 0, sizeof d1);
        for (int j = 0; j < H; j++)
            for (int k = 0; k < H; k++) {
                REAL w = 0, W = W2[j * H + k];
                for (int i = 0; i < N; i++) {
                    w += d2[j][i] * h1[k][i];
                    d1[k][i] += W * d2[j][i];
                }
                gW2[j * H + k] = w;
            }
        for (int k = 0; k < H; k++) {
            REAL w = 0, b = 0;
            for (int i = 0; i < N; i++) {
                REAL d = d1[k][i] * (1 - h1[k][i] * h1[k][i]);
                w += d * x[i];
                b += d;
            }
            gW1[k] = w, gb1[k] = b;
        }
        REAL squares = 0;
        for (int q = 0; q < count; q++) squares += g[q] * g[q];
        loss[s] = l / N;
        norm[s] = SQRT(squares);
        for (int q = 0; q < count; q++) p[q] -= rate * g[q];
    }
}

#define D 30
/* Logistic regression, rows gathered in the given order, batches of 256; w: D weights and the bias; columns: loss and norm. */
void logistic(long n, const float *restrict x, const float *restrict y, const long *restrict order, float *restrict w, float rate,
              long steps, double *loss, double *norm) {
    for (long s = 0; s < steps; s++) {
        long first = s * 256, count = n - first < 256 ? n - first : 256;
        float l = 0, g[D + 1] = {0}, e[256], z[256];
        for (long i = 0; i < count; i++) {
            const float *row = x + D * order[first + i];
            float t = w[D];
            for (int k = 0; k < D; k++) t += row[k] * w[k];
            z[i] = t;
            e[i] = y[order[first + i]];
        }
        for (long i = 0; i < count; i++) {
            float a = expf(-fabsf(z[i]));
            l += fmaxf(z[i], 0) - z[i] * e[i] + log1pf(a);
            e[i] = ((z[i] < 0 ? a : 1) / (1 + a) - e[i]) / count;
        }
        for (long i = 0; i < count; i++) {
            const float *row = x + D * order[first + i];
            for (int k = 0; k < D; k++) g[k] += e[i] * row[k];
            g[D] += e[i];
        }
        float squares = 0;
        for (int k = 0; k <= D; k++) squares += g[k] * g[k], w[k] -= rate * g[k];
        loss[s] = l / count;
        norm[s] = sqrtf(squares);
    }
}
