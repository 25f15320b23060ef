/* SPDX-License-Identifier: BSD-2-Clause */
/*
   The three passes of an f32 convolution in oneDNN 2, in the layouts that it chooses itself, with memory made once; lines as of
   `halograd bench conv`, the median of REPEAT:

     cc -O2 onednn_conv.c -o onednn_conv -ldnnl && OMP_NUM_THREADS=1 ./onednn_conv DIM SIZE CIN COUT KERNEL REPEAT
*/
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LONGEST = 1000 };

typedef struct {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  double        flop;
  int           repeat;
} Bench;

static void Check(dnnl_status_t s, int line)
{
  if (s == dnnl_success) return;
  fprintf(stderr, "onednn_conv.c:%d: oneDNN error %d\n", line, (int)s);
  exit(1);
}
#define CHECK(f) Check(f, __LINE__)

static double Now(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int Compare(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Memory of the layout that the primitive asks for, with values that are not denormal */
static dnnl_memory_t Filled(const Bench *b, const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
  const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, what, 0);
  const size_t              n  = dnnl_memory_desc_get_size(md) / sizeof(float);
  dnnl_memory_t             m;
  void                     *p;

  CHECK(dnnl_memory_create(&m, md, b->engine, DNNL_MEMORY_ALLOCATE));
  CHECK(dnnl_memory_get_data_handle(m, &p));
  for (size_t i = 0; i < n; i++) ((float *)p)[i] = 0.01f * (float)(i % 13);
  return m;
}

static void Measure(const Bench *b, const char pass[], dnnl_primitive_desc_t pd, int n, dnnl_exec_arg_t args[])
{
  double           seconds[LONGEST];
  dnnl_primitive_t p;

  CHECK(dnnl_primitive_create(&p, pd));
  for (int r = -1; r < b->repeat; r++) {
    const double start = Now();

    CHECK(dnnl_primitive_execute(p, b->stream, n, args));
    CHECK(dnnl_stream_wait(b->stream));
    if (r >= 0) seconds[r] = Now() - start;
  }
  qsort(seconds, (size_t)b->repeat, sizeof(double), Compare);
  printf("conv peer=onednn pass=%s ms=%.4g gflops=%.1f\n", pass, seconds[b->repeat / 2] * 1e3, b->flop / seconds[b->repeat / 2] / 1e9);
  dnnl_primitive_destroy(p);
}

static void Run(Bench *b, int dim, dnnl_dim_t size, dnnl_dim_t cin, dnnl_dim_t cout, dnnl_dim_t kernel)
{
  dnnl_dims_t             xs = {1, cin}, ws = {cout, cin}, bs = {cout}, ys = {1, cout}, stride, pad;
  dnnl_memory_desc_t      x, w, bias, y;
  dnnl_convolution_desc_t d;
  dnnl_primitive_desc_t   forward, data, weights;

  b->flop = 2.0 * (double)(cin * cout);
  for (int a = 0; a < dim; a++) {
    xs[2 + a] = ys[2 + a] = size;
    ws[2 + a]             = kernel;
    stride[a]             = 1;
    pad[a]                = kernel / 2;
    b->flop *= (double)(size * kernel);
  }
  CHECK(dnnl_memory_desc_init_by_tag(&x, 2 + dim, xs, dnnl_f32, dnnl_format_tag_any));
  CHECK(dnnl_memory_desc_init_by_tag(&w, 2 + dim, ws, dnnl_f32, dnnl_format_tag_any));
  CHECK(dnnl_memory_desc_init_by_tag(&bias, 1, bs, dnnl_f32, dnnl_x));
  CHECK(dnnl_memory_desc_init_by_tag(&y, 2 + dim, ys, dnnl_f32, dnnl_format_tag_any));
  CHECK(dnnl_convolution_forward_desc_init(&d, dnnl_forward_training, dnnl_convolution_direct, &x, &w, &bias, &y, stride, pad, pad));
  CHECK(dnnl_primitive_desc_create(&forward, &d, NULL, b->engine, NULL));
  CHECK(dnnl_convolution_backward_data_desc_init(&d, dnnl_convolution_direct, &x, &w, &y, stride, pad, pad));
  CHECK(dnnl_primitive_desc_create(&data, &d, NULL, b->engine, forward));
  CHECK(dnnl_convolution_backward_weights_desc_init(&d, dnnl_convolution_direct, &x, &w, &bias, &y, stride, pad, pad));
  CHECK(dnnl_primitive_desc_create(&weights, &d, NULL, b->engine, forward));

  dnnl_exec_arg_t f[] = {
      {DNNL_ARG_SRC, Filled(b, forward, dnnl_query_src_md)},
      {DNNL_ARG_WEIGHTS, Filled(b, forward, dnnl_query_weights_md)},
      {DNNL_ARG_DST, Filled(b, forward, dnnl_query_dst_md)},
      {DNNL_ARG_BIAS, NULL},
  };
  dnnl_exec_arg_t g[] = {
      {DNNL_ARG_DIFF_DST, Filled(b, data, dnnl_query_diff_dst_md)},
      {DNNL_ARG_WEIGHTS, Filled(b, data, dnnl_query_weights_md)},
      {DNNL_ARG_DIFF_SRC, Filled(b, data, dnnl_query_diff_src_md)},
  };
  dnnl_exec_arg_t h[] = {
      {DNNL_ARG_SRC, Filled(b, weights, dnnl_query_src_md)},
      {DNNL_ARG_DIFF_DST, Filled(b, weights, dnnl_query_diff_dst_md)},
      {DNNL_ARG_DIFF_WEIGHTS, Filled(b, weights, dnnl_query_diff_weights_md)},
      {DNNL_ARG_DIFF_BIAS, NULL},
  };
  CHECK(dnnl_memory_create(&f[3].memory, &bias, b->engine, DNNL_MEMORY_ALLOCATE));
  CHECK(dnnl_memory_create(&h[3].memory, &bias, b->engine, DNNL_MEMORY_ALLOCATE));
  Measure(b, "forward", forward, 4, f);
  Measure(b, "backward_data", data, 3, g);
  Measure(b, "backward_weights", weights, 4, h);
}

int main(int argc, char **argv)
{
  Bench b = {0};

  if (argc != 7 || atoi(argv[1]) < 1 || atoi(argv[1]) > 3 || atoi(argv[6]) < 1 || atoi(argv[6]) > LONGEST) {
    fprintf(stderr, "usage: %s DIM SIZE CIN COUT KERNEL REPEAT\n", argv[0]);
    return 2;
  }
  b.repeat = atoi(argv[6]);
  CHECK(dnnl_engine_create(&b.engine, dnnl_cpu, 0));
  CHECK(dnnl_stream_create(&b.stream, b.engine, dnnl_stream_default_flags));
  Run(&b, atoi(argv[1]), atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
  return 0;
}
