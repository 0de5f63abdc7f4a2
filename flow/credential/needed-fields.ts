import type { CredentialType } from '../../crds/v1alpha1/credential.ts'

/** The fields that a credential of the type cannot do without; of each list one is enough. */
export const neededFields: Readonly<Record<CredentialType, readonly (readonly string[])[]>> = {
  basic: [['username'], ['password']],
  apiKey: [['key', 'apiKey', 'value']],
  hmac: [['secret']],
  jwks: [['jwks', 'publicKey', 'secret']],
  oauth1: [['consumerKey'], ['consumerSecret']],
  mtls: [['tls.crt', 'cert', 'ca.crt', 'ca']],
  // These are filled by a consent, a login or a token request.
  oauth2AuthorizationCode: [],
  oauth2ClientCredentials: [],
  jwtBearer: [],
  session: [],
  mixed: [],
}
