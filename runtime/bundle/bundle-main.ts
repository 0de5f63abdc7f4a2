import { bundlePrograms } from './bundle-programs.ts'

/** `make bundle`: the programs as images have them, in `dist/`. */
const { files } = await bundlePrograms('dist')
for (const [program, loaded] of Object.entries(files)) process.stdout.write(`${program}: ${loaded.join(', ')}\n`)
