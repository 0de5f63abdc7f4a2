import { failed } from '../evaluate/fault.ts'

const longestPicture = 256
const longestTime = 100

/** Refuses pictures for which JSONata would build a text of gigabytes. */
export function checkPicture(picture: unknown): void {
  if (typeof picture !== 'string') return
  if (picture.length > longestPicture) throw failed(`a picture has at most ${longestPicture} characters`)
  if (/[,-]\d{4}/.test(picture.replaceAll(/\s/g, ''))) throw failed('a width in the picture has at most three digits')
}

/**
 * Refuses what JSONata would read a time with by trying without end: it makes a regular expression of the picture, and where two parts
 * of it can share the same characters in many ways, all of them are tried.
 */
export function checkTimePicture(time: string, picture: string): void {
  checkPicture(picture)
  if (time.length > longestTime) throw failed(`a time has at most ${longestTime} characters`)
  const parts = [...picture.matchAll(/\[([^\]])([^\]]*)\]([^[]*)/g)].map(partOf)
  if (new Set(parts.map(({ component }) => component)).size < parts.length) {
    throw failed('a picture to read a time by has each of its parts once')
  }
  for (const [at, part] of parts.slice(0, -1).entries()) {
    if (/^\d+$/.test(part.behind)) throw failed('a picture to read a time by has no bare digits between two parts')
    if (part.isLetters && parts[at + 1]?.isLetters === true && /^[a-z]*$/i.test(part.behind)) {
      throw failed(
        'two parts of the picture that are written in letters need something other than letters between them',
      )
    }
  }
}

interface Part {
  readonly component: string
  readonly isLetters: boolean
  /** What stands between this part and the next. */
  readonly behind: string
}

function partOf([, component = '', presentation = '', behind = '']: readonly string[]): Part {
  return { component, isLetters: /[naiw]/i.test(presentation) || /[FPCE]/.test(component), behind }
}
