import { writeManifests } from './write-manifests.ts'

/** `make manifests IMAGE=…`: what a cluster gets the operator by, in `dist/install.yaml`. */
const file = 'dist/install.yaml'
const { WEIR_IMAGE: image = '', WEIR_NAMESPACE: namespace = '' } = process.env
if (image === '') {
  process.stderr.write('Which image? make manifests IMAGE=REGISTRY/weir:TAG, as the cluster can pull it\n')
  process.exit(2)
}
await writeManifests(file, { image, namespace: namespace === '' ? 'weir-system' : namespace })
process.stdout.write(`${file}: operator and pods of ${image}\n`)
