module Tikv.Core.Tests.Pd.QuorumTests

open NUnit.Framework
open Tikv.Core.Pd

/// Members; those that are not connected, the unstarted ones among them; whether there is a quorum; whether one may be
/// added, a dead one removed, a live one removed (V B9, all rows).
[<TestCase(1, 0, true, true, false, false)>]
[<TestCase(2, 0, true, true, false, true)>]
[<TestCase(2, 1, false, false, false, false)>]
[<TestCase(3, 0, true, true, false, true)>]
[<TestCase(3, 1, true, false, true, false)>]
[<TestCase(3, 2, false, false, false, false)>]
[<TestCase(4, 0, true, true, false, true)>]
[<TestCase(4, 1, true, false, true, true)>]
[<TestCase(4, 2, false, false, false, false)>]
[<TestCase(5, 0, true, true, false, true)>]
[<TestCase(5, 1, true, false, true, true)>]
[<TestCase(5, 2, true, false, true, false)>]
[<TestCase(5, 3, false, false, false, false)>]
let ``a change of PD's members is agreed upon only by a quorum that it leaves a quorum``
    (members: int)
    (dead: int)
    (kept: bool)
    (add: bool)
    (removeDead: bool)
    (removeLive: bool)
    =
    let allows change = Quorum.allows change members dead

    Assert.That(
        [
            Quorum.isKept members dead
            allows MemberChange.Add
            allows MemberChange.RemoveDead
            allows MemberChange.RemoveLive
        ],
        Is.EqualTo<bool list> [ kept; add; removeDead; removeLive ]
    )
