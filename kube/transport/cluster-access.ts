/** How a cluster is reached, and as whom. */
export interface ClusterAccess {
  /** `https:`, with nothing behind the port but what the API is mounted under. */
  readonly server: string
  /** The namespace that is meant where none is named. */
  readonly namespace: string
  /**
   * What to show the server now. Asked before every request, so that it is kept; what changes (a token that was rotated, an authority that
   * was replaced) counts from the next request on.
   *
   * @param isRefused the server did not accept what was last given: look again, whatever is kept
   */
  readonly credentials: (isRefused?: boolean) => Promise<Credentials>
}

export interface Credentials {
  /** For the header of that name. */
  readonly authorization?: string | undefined
  readonly tls: TlsMaterial
}

export interface TlsMaterial {
  /** PEM; the system's authorities without it. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  readonly servername?: string | undefined
  /** False where the user asked for it (`insecure-skip-tls-verify`). */
  readonly rejectUnauthorized?: boolean | undefined
}
