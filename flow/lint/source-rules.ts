import type { ComponentSource } from '../../crds/v1alpha1/component.ts'
import type { Draft } from '../finding/draft.ts'
import { quoted } from '../finding/suggest.ts'

/** Names of inline files that cannot all be written below one directory. */
export function sourceDrafts(source: ComponentSource | undefined): readonly Draft[] {
  const names = Object.keys(source?.files ?? {})
  const given = new Set(names)
  return names.flatMap((name): Draft[] => {
    const mistake = nameMistake(name) ?? folderMistake(name, given)
    if (mistake === undefined) return []
    const message = `${quoted(name)} ${mistake}`
    return [{ code: 'SourceFileName', path: ['spec', 'source', 'files', name], key: true, message }]
  })
}

const longestPart = 255

function nameMistake(name: string): string | undefined {
  const parts = name.split('/')
  if (/[\p{Cc}\\]/u.test(name))
    return 'has a character that no file name should have: use letters, digits, "-", "_" and "."'
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name))
    return 'is an absolute path: begin at the component’s directory, as "lib/shop.js"'
  if (parts.includes('..')) return 'leads out of the component’s directory: name a file in it'
  if (parts.some((part) => part === '' || part === '.')) return 'is no plain path: write one as "lib/shop.js"'
  return parts.some((part) => part.length > longestPart)
    ? `has a part of more than ${longestPart} characters`
    : undefined
}

function folderMistake(name: string, given: ReadonlySet<string>): string | undefined {
  const parts = name.split('/')
  const folder = parts.map((_, length) => parts.slice(0, length).join('/')).find((above) => given.has(above))
  return folder === undefined ? undefined : `lies in ${quoted(folder)}, which is a file itself: rename one of the two`
}
