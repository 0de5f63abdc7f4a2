import type { Manifests } from '../flow/manifest/manifest.ts'

/** What a command stands on that is given no files. */
export const noManifests: Manifests = {
  flows: [],
  components: [],
  clusterComponents: [],
  credentials: [],
  apps: [],
  secrets: [],
}
