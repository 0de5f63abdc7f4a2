/** What findings would call the place of what only the cluster has. */
export const clusterFile = '<cluster>'
