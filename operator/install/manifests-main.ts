import { writeManifests } from './write-manifests.ts'

/** `make manifests IMAGE=…`: what a cluster gets Weir by, in `dist/`. */
const { WEIR_IMAGE: image = '', WEIR_NAMESPACE: namespace = '' } = process.env
if (image === '') {
  process.stderr.write('Which image? make manifests IMAGE=REGISTRY/weir:TAG, as the cluster can pull it\n')
  process.exit(2)
}
const files = await writeManifests('dist', { image, namespace: namespace === '' ? 'weir-system' : namespace })
process.stdout.write(`${files.join(', ')}: operator and pods of ${image}\n`)
