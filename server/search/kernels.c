#include "server/search/kernels.h"

#include <stdatomic.h>

#define AND(a, b) ((a) & (b))
#define AND_NOT(a, b) ((a) & ~(b))
#define OR(a, b) ((a) | (b))

/* In words; with `target` the compiler uses that instruction for the builtin. */
#define WORD_LOOP(name, target, op)                                                              \
    target static size_t name(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words) \
    {                                                                                            \
        size_t n = 0;                                                                            \
                                                                                                 \
        for (size_t i = 0; i < words; i++) {                                                     \
            out[i] = op(a[i], b[i]);                                                             \
            n += (size_t)__builtin_popcountll(out[i]);                                           \
        }                                                                                        \
        return n;                                                                                \
    }

#define WORD_COUNT(name, target)                                                  \
    target static size_t name(const uint64_t *a, const uint64_t *b, size_t words) \
    {                                                                             \
        size_t n = 0;                                                             \
                                                                                  \
        for (size_t i = 0; i < words; i++)                                        \
            n += (size_t)__builtin_popcountll(a[i] & b[i]);                       \
        return n;                                                                 \
    }

WORD_COUNT(count_and_plain, )
WORD_LOOP(and_plain, , AND)
WORD_LOOP(and_not_plain, , AND_NOT)
WORD_LOOP(or_plain, , OR)

static bool always(void)
{
    return true;
}

static const struct kernels plain = {"plain",   always,        count_and_plain,
                                     and_plain, and_not_plain, or_plain};

#if defined(__x86_64__)
#include <immintrin.h>

#define POPCNT __attribute__((target("popcnt")))

WORD_COUNT(count_and_popcnt, POPCNT)
WORD_LOOP(and_popcnt, POPCNT, AND)
WORD_LOOP(and_not_popcnt, POPCNT, AND_NOT)
WORD_LOOP(or_popcnt, POPCNT, OR)

static bool has_popcnt(void)
{
    return __builtin_cpu_supports("popcnt");
}

static const struct kernels popcnt = {"popcnt",   has_popcnt,     count_and_popcnt,
                                      and_popcnt, and_not_popcnt, or_popcnt};

#define AVX2 __attribute__((target("avx2,popcnt")))

/* Bits of each 64-bit lane, by looking up half bytes (Mula, Kurz, Lemire 2016, section 3). */
AVX2 static inline __m256i bits_of_lanes(__m256i v)
{
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1,
                                           2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i half = _mm256_set1_epi8(0x0f);
    __m256i lo = _mm256_shuffle_epi8(table, _mm256_and_si256(v, half));
    __m256i hi = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));

    return _mm256_sad_epu8(_mm256_add_epi8(lo, hi), _mm256_setzero_si256());
}

AVX2 static inline size_t sum_of_lanes(__m256i v)
{
    return (size_t)(_mm256_extract_epi64(v, 0) + _mm256_extract_epi64(v, 1) +
                    _mm256_extract_epi64(v, 2) + _mm256_extract_epi64(v, 3));
}

AVX2 static inline __m256i load_256(const uint64_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}

AVX2 static size_t count_and_avx2(const uint64_t *a, const uint64_t *b, size_t words)
{
    __m256i sum = _mm256_setzero_si256();
    size_t i = 0;

    for (; i + 4 <= words; i += 4)
        sum = _mm256_add_epi64(sum,
                               bits_of_lanes(_mm256_and_si256(load_256(a + i), load_256(b + i))));
    return sum_of_lanes(sum) + count_and_popcnt(a + i, b + i, words - i);
}

/* The vector's operand order is that of _mm256_andnot: it takes what the first does not have. */
#define AVX2_LOOP(name, vector, rest)                                                          \
    AVX2 static size_t name(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words) \
    {                                                                                          \
        __m256i sum = _mm256_setzero_si256();                                                  \
        size_t i = 0;                                                                          \
                                                                                               \
        for (; i + 4 <= words; i += 4) {                                                       \
            __m256i v = vector(load_256(b + i), load_256(a + i));                              \
                                                                                               \
            _mm256_storeu_si256((void *)(out + i), v);                                         \
            sum = _mm256_add_epi64(sum, bits_of_lanes(v));                                     \
        }                                                                                      \
        return sum_of_lanes(sum) + rest(out + i, a + i, b + i, words - i);                     \
    }

AVX2_LOOP(and_avx2, _mm256_and_si256, and_popcnt)
AVX2_LOOP(and_not_avx2, _mm256_andnot_si256, and_not_popcnt)
AVX2_LOOP(or_avx2, _mm256_or_si256, or_popcnt)

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
}

static const struct kernels avx2 = {"avx2",   has_avx2,     count_and_avx2,
                                    and_avx2, and_not_avx2, or_avx2};

#define AVX512 __attribute__((target("avx512f,avx512vpopcntdq,popcnt")))

AVX512 static size_t count_and_avx512(const uint64_t *a, const uint64_t *b, size_t words)
{
    __m512i sum = _mm512_setzero_si512();
    size_t i = 0;

    for (; i + 8 <= words; i += 8) {
        __m512i v = _mm512_and_si512(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));

        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(v));
    }
    return (size_t)_mm512_reduce_add_epi64(sum) + count_and_popcnt(a + i, b + i, words - i);
}

#define AVX512_LOOP(name, vector, rest)                                                          \
    AVX512 static size_t name(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words) \
    {                                                                                            \
        __m512i sum = _mm512_setzero_si512();                                                    \
        size_t i = 0;                                                                            \
                                                                                                 \
        for (; i + 8 <= words; i += 8) {                                                         \
            __m512i v = vector(_mm512_loadu_si512(b + i), _mm512_loadu_si512(a + i));            \
                                                                                                 \
            _mm512_storeu_si512(out + i, v);                                                     \
            sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(v));                                 \
        }                                                                                        \
        return (size_t)_mm512_reduce_add_epi64(sum) + rest(out + i, a + i, b + i, words - i);    \
    }

AVX512_LOOP(and_avx512, _mm512_and_si512, and_popcnt)
AVX512_LOOP(and_not_avx512, _mm512_andnot_si512, and_not_popcnt)
AVX512_LOOP(or_avx512, _mm512_or_si512, or_popcnt)

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq") &&
           __builtin_cpu_supports("popcnt");
}

static const struct kernels avx512 = {"avx512",   has_avx512,     count_and_avx512,
                                      and_avx512, and_not_avx512, or_avx512};

/* Every x86-64 has SSE2. */
static uint64_t sixteen_equal(const uint8_t *v, __m128i value)
{
    return (uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const void *)v), value));
}

uint64_t bytes_equal(const uint8_t *v, uint8_t value)
{
    __m128i all = _mm_set1_epi8((char)value);

    return sixteen_equal(v, all) | sixteen_equal(v + 16, all) << 16 |
           sixteen_equal(v + 32, all) << 32 | sixteen_equal(v + 48, all) << 48;
}

static const struct kernels *const best_first[] = {&avx512, &avx2, &popcnt, &plain, NULL};
#else
static const struct kernels *const best_first[] = {&plain, NULL};

uint64_t bytes_equal(const uint8_t *v, uint8_t value)
{
    uint64_t out = 0;

    for (int i = 0; i < 64; i++)
        out |= (uint64_t)(v[i] == value) << i;
    return out;
}
#endif

const struct kernels *kernels_at(size_t i)
{
    return best_first[i];
}

const struct kernels *kernels(void)
{
    static _Atomic(const struct kernels *) chosen;
    const struct kernels *k = atomic_load_explicit(&chosen, memory_order_relaxed);

    for (size_t i = 0; !k; i++)
        if (best_first[i]->is_there())
            k = best_first[i];
    atomic_store_explicit(&chosen, k, memory_order_relaxed);
    return k;
}
