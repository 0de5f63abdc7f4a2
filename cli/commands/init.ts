import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { directoryProblem, makeDirectory } from '../../local/make-directory.ts'
import { UsageError } from '../usage-error.ts'
import type { CommandContext } from './context.ts'

const flow = `apiVersion: weir.dev/v1alpha1
kind: Flow
metadata: {name: hello}
spec:
  triggers:
  - {name: by-hand, manual: {}}
  - {name: every-ten-seconds, schedule: {cron: "*/10 * * * * *"}}
  steps:
  - {name: greet, component: greeter, function: greet, config: {greeting: Hello}}
  - name: shape
    transform: '{"text": data.text, "from": $trigger.name}'
`

const component = `apiVersion: weir.dev/v1alpha1
kind: Component
metadata: {name: greeter}
spec:
  source:
    files:
      greet.js: |
        // Gets the message, the step's config and its snapshot; what it returns goes on to the next step.
        exports.process = async function (msg, cfg) {
          const name = msg.data.name || 'world'
          return { data: { text: cfg.greeting + ', ' + name + '!' } }
        }
`

const readme = `# A first flow

\`flow.yaml\` says when a run starts and which steps it takes; \`component.yaml\` holds the code of one step.

    npx weir lint .
    npx weir run . --once --trigger hello/by-hand --data '{"name": "Ada"}'
    npx weir run .              # all triggers, until Ctrl-C

Change the greeting in \`flow.yaml\` and run it again. \`npx weir plan .\` shows what the flow compiles to.
`

/** Writes a first flow, component and README; refuses a directory that holds something. */
export async function initCommand({ terminal }: CommandContext, directory: string): Promise<number> {
  await makeDirectory(directory).catch((cause: unknown) => {
    throw new UsageError(`${directory} cannot be made: ${directoryProblem(cause)}`, { cause })
  })
  const present = (await readdir(directory)).filter((name) => name !== '.git')
  if (present.length > 0) throw new UsageError(`${directory} is not empty; give a new directory: weir init my-flow`)
  const files = { 'flow.yaml': flow, 'component.yaml': component, 'README.md': readme }
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  terminal.err.write(
    `wrote ${Object.keys(files).join(', ')}\nnext: npx weir run ${asWord(directory)} --once --trigger hello/by-hand --data '{"name": "Ada"}'\n`,
  )
  return 0
}

/** As one word of a shell, which is not taken for an option. */
function asWord(path: string): string {
  const named = path.startsWith('-') ? `./${path}` : path
  return /^[\w./@:+,-]+$/.test(named) ? named : `'${named.replaceAll("'", String.raw`'\''`)}'`
}
