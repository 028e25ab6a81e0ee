/// What neither generated runs nor named scenarios reach, and why that is so: a search that is to reach everything does not fail for
/// it. Whoever adds a scenario that reaches some of it takes it off.
[<RequireQualifiedAccess>]
module Tikv.Simulator.Campaigns.Unreached

/// No run leads there; tests of Core alone do.
let byTests = [
    "reason Cluster.StepRefused"
    "reason Cluster.NoPdGroup"
    "reason Cluster.NoTikvGroup"
    "reason Cluster.AnotherCluster"
    "reason Group.OtherGroupBootstraps"
    "reason Group.StoresAreNewer"
    "reason Group.UnknownRevision"
    "reason Group.ForeignBudget"
    "reason Group.TakenAlone.FewReplicas"
    "reason Group.TakenAlone.Unlabelled"
    "reason Group.TakenAlone.FewValues"
    "reason Group.TakenAlone.Crowded"
    "reason Group.TakenAlone.OtherValue"
    "reason Group.TakenAlone.Silent"
    "reason Group.TakenAlone.Leaving"
    "reason Group.TakenAlone.Evicted"
    "reason Group.TakenAlone.Lagging"
    "reason Instance.InvalidSpec"
    "reason Instance.NotOurs"
    "reason Instance.SiblingsMissing"
    "reason Instance.PdAbsent"
    "reason Instance.ClaimPending"
    "reason Instance.NoNodeFits.Cpu"
    "reason Instance.NoNodeFits.Memory"
    "reason Instance.NoNodeFits.Storage"
    "reason Instance.NoNodeFits.Spread"
    "reason Instance.NoNodeFits.VolumeLimit"
    "reason Instance.NoNodeFits.NoNodes"
    "reason Instance.NoNodeFits.Other"
    "reason Instance.QuotaExceeded"
    "reason Instance.ContainerConfigInvalid"
    "reason Instance.ProcessEnded.AnotherCluster"
    "reason Instance.ProcessEnded.Tombstone"
    "reason Instance.ProcessEnded.PdNotReached"
    "reason Instance.NodeGone"
    "reason Instance.MembersUnhealthy"
    "reason Instance.LeadersComeBack"
    "reason Instance.VolumeModifyFailed"
    "reason Instance.VolumeAttributesClassNotServed"
    "reason Instance.VolumeOfUnknownStore"
    "reason Instance.VolumeOfAnotherCluster"
    "reason Instance.CertificateWrong.NotRead"
    "reason Instance.CertificateWrong.KeyMissing"
    "reason Instance.CertificateWrong.Unreadable"
    "reason Instance.CertificateWrong.NotYetValid"
    "reason Instance.CertificateWrong.Expired"
    "reason Instance.CertificateWrong.NameMissing"
    "reason Instance.ClusterUnreadable"
    "reason Instance.TakenAlone.PdUnknown"
    "reason Instance.TakenAlone.FewReplicas"
    "reason Instance.TakenAlone.Unlabelled"
    "reason Instance.TakenAlone.FewValues"
    "reason Instance.TakenAlone.Crowded"
    "reason Instance.TakenAlone.Leaving"
    "reason Instance.TakenAlone.Evicted"
    "reason Instance.TakenAlone.StoreUnknown"
    "action Cluster.VoidDisruption"
    "action Cluster.CutDisruption"
    "action Group.RemoveRevision"
    "action Group.CountCollision"
    "action Group.AbandonInstance"
    "action Instance.AddFinalizer"
]

/// Nothing leads there yet: a scenario is missing.
let byNothing = [
    "reason Group.InstancesRemain"
    "reason Instance.PdLeaderHere"
    "reason Instance.NoNodeFits.TooManyPods"
    "reason Instance.NoNodeFits.VolumeMissing"
    "reason Instance.ProcessEnded.VersionRefused"
    "reason Instance.ProcessEnded.BadConfig"
    "reason Instance.CertificateWrong.ExpiresSoon"
]

/// Each takes what no run has, or what happens once in some thousand runs.
let seldom = [ "property I27"; "property I51"; "goal a disruption is taken from a holder that is gone" ]

let known: string list = byTests @ byNothing @ seldom
