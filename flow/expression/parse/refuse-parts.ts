import { linearRegex, RegexUnsupported } from '../evaluate/regex-engine.ts'
import type { Mistake } from './mistake.ts'
import type { SyntaxPart } from './read-tree.ts'
import { regexesOf, signaturesOf } from './read-tree.ts'
import type { Token } from './tokens.ts'
import { startOf } from './tokens.ts'

type Tokens = () => readonly Token[]

const mostModifiers = 8

/** What JSONata knows and cannot be used here: it could not be stopped, or hides what it reads. */
export function refusedParts(parts: readonly SyntaxPart[], tokens: Tokens): Mistake | undefined {
  return refusedRegex(parts, tokens) ?? refusedSignature(parts, tokens) ?? refusedEval(parts, tokens)
}

function refusedRegex(parts: readonly SyntaxPart[], tokens: Tokens): Mistake | undefined {
  for (const [position, pattern] of regexesOf(parts)) {
    try {
      linearRegex(pattern)
    } catch (error) {
      if (!(error instanceof RegexUnsupported)) throw error
      return { message: error.message, offset: startOf(tokens(), position) }
    }
  }
  return undefined
}

/** JSONata makes a regular expression of a function's types, and matches the arguments with it. */
function refusedSignature(parts: readonly SyntaxPart[], tokens: Tokens): Mistake | undefined {
  for (const [position, { definition }] of signaturesOf(parts)) {
    if ((definition.match(/[-+?]/g)?.length ?? 0) > mostModifiers) {
      const message = `the types of a function may hold at most ${mostModifiers} of ?, + and -`
      return { message, offset: startOf(tokens(), position) }
    }
  }
  return undefined
}

function refusedEval(parts: readonly SyntaxPart[], tokens: Tokens): Mistake | undefined {
  const found = parts.find(({ type, value }) => type === 'variable' && value === 'eval')
  if (found === undefined) return undefined
  const message = '$eval cannot be used, because what it reads is not known beforehand: write the expression itself'
  return { message, offset: startOf(tokens(), found.position) }
}
