/** Why a file cannot be read or written, in words that say what to do; never with a stack, a path or anything of its content. */
export function fileProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return problems[code] ?? `it cannot be read (${code === '' ? 'the reason is not known' : code})`
}

const problems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EACCES: 'permission denied: check who may read and write it',
  EPERM: 'permission denied: check who may read and write it',
  EISDIR: 'it is a directory, not a file',
  ELOOP: 'its links lead round in a circle',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EEXIST: 'there is a file of that name already',
}
