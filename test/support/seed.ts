// The one seed of all random tests: the same run every time. DIBS_TEST_SEED tries other ones.

export const seed = Number(process.env['DIBS_TEST_SEED'] ?? 20_261_201);
