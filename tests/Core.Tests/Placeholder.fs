module Tikv.Core.Tests.Placeholder

open NUnit.Framework

[<Test>]
let ``the house stands`` () = Assert.That(1 + 1, Is.EqualTo 2)
