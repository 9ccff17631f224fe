/** What the usual failures mean, by their words. Pure. The troubleshooting table of docs/deploy.md has the same lines. */

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /Error acquiring the state lock/i,
    'someone else is deploying, or a run was killed: when nobody is, terraform force-unlock with the ID above',
  ],
  [
    /quota|QUOTA_EXCEEDED|RESOURCE_EXHAUSTED/i,
    'ask for more of that quota (IAM & Admin → Quotas), or lower the regions’ node counts in the .tfvars',
  ],
  [
    /ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources/i,
    'Google has no such machines there now: wait, or take another machine type or zone',
  ],
  [
    /SERVICE_DISABLED|has not been used in project|is not enabled/i,
    'an API was enabled a moment ago or not at all: it takes some minutes to be known everywhere; run it again',
  ],
  [
    /PERMISSION_DENIED|does not have permission|Error 403|Required '.*' permission/i,
    'the account that is logged in lacks a role: the line above names the permission',
  ],
  [
    /reauth|invalid_grant|token has been expired|could not find default credentials/i,
    'log in again: gcloud auth login, and gcloud auth application-default login',
  ],
  [
    /another operation \(install\/upgrade\/rollback\) is in progress/i,
    'a release was left half installed: helm rollback or helm uninstall it, with the kubeconfig of that region',
  ],
  [
    /Apply failed with \d+ conflict/i,
    'something else owns a field that our manifests set: look with kubectl get -o yaml --show-managed-fields, and take the field out of one of the two',
  ],
  [
    /no matches for kind|could not find the requested resource/i,
    'a chart that brings that kind is not installed: the step install of that region',
  ],
  [/ImagePullBackOff|ErrImagePull/i, 'the nodes cannot pull an image: is it in the registry, and may their service account read it?'],
  [/Insufficient (cpu|memory)|FailedScheduling/i, 'no node has room, and the pool may not grow: its limit, or the quota'],
  [
    /SecretSyncedError|SecretSyncError/i,
    'External Secrets cannot read Secret Manager: the secret’s name, its version, or the binding of its service account',
  ],
  [
    /No configuration files|Failed to query available provider packages|Could not retrieve the list of available versions/i,
    'Terraform cannot reach its provider registry from here',
  ],
  [
    /already being used by|resourceInUseByAnotherResource/i,
    'what it names is in the way, and Terraform did not make it: run it again, since GKE’s own leftovers are looked for anew; what somebody else made is his to delete',
  ],
  [
    /deletion_protection|prevent_destroy|apply it with protected = false/i,
    'it is protected: set protected = false in the .tfvars and deploy, then destroy (docs/deploy.md)',
  ],
];

/** @returns what to do about each fault that these words tell of. */
export function adviceFor(words: string): string[] {
  return ADVICE.filter(([pattern]) => pattern.test(words)).map(([, advice]) => advice);
}
