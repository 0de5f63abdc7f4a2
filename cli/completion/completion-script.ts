import type { Command } from 'commander'
import { bashCompletion, zshCompletion } from './bash-completion.ts'
import { completables } from './completable.ts'
import { fishCompletion } from './fish-completion.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** A completion script for everything that the program knows. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = completables(program)
  switch (shell) {
    case 'bash':
      return bashCompletion(commands)
    case 'zsh':
      return zshCompletion(commands)
    case 'fish':
      return fishCompletion(commands)
  }
}
