// `npm run bench`: the parts of the hot path (bench/micro.ts), or with --report the whole pipeline and
// docs/benchmarks.md (bench/pipeline/main.ts). Arguments go on to the one that runs.
if (process.argv.includes('--report')) await import('./pipeline/main.ts')
else await import('./micro.ts')

export {}
