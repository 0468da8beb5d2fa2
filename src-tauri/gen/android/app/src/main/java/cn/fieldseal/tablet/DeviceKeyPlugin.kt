package cn.fieldseal.tablet

import android.app.Activity
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyInfo
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.util.Base64
import app.tauri.annotation.Command
import app.tauri.annotation.InvokeArg
import app.tauri.annotation.TauriPlugin
import app.tauri.plugin.Invoke
import app.tauri.plugin.JSArray
import app.tauri.plugin.JSObject
import app.tauri.plugin.Plugin
import java.security.KeyFactory
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.ProviderException
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import java.util.concurrent.Executors

@InvokeArg
class AliasArgs {
  lateinit var alias: String
}

@InvokeArg
class SignArgs {
  lateinit var alias: String
  lateinit var message: String
}

/**
 * The tablet's own key: P-256, in the tablet's secure hardware (StrongBox where there is one), with the maker's certificates.
 *
 * It is not bound to a person's unlocking: the tablet signs uploads and heartbeats while nobody looks. The private half never leaves
 * the hardware; a key that lies in software is refused, so that whoever asked makes a key of another kind. All bytes are base64.
 */
@TauriPlugin
class DeviceKeyPlugin(activity: Activity) : Plugin(activity) {
  private val work = Executors.newSingleThreadExecutor()

  /** Makes the key unless it is there; answers `{spki, chain}`. */
  @Command
  fun make(invoke: Invoke) {
    val alias = invoke.parseArgs(AliasArgs::class.java).alias
    doing(invoke) {
      if (!store().containsAlias(alias)) {
        generate(alias)
      }
      if (!inHardware(alias)) {
        store().deleteEntry(alias)
        null
      } else {
        described(alias)
      }
    }
  }

  /** `{spki, chain}` of the key, or null. */
  @Command
  fun find(invoke: Invoke) {
    val alias = invoke.parseArgs(AliasArgs::class.java).alias
    doing(invoke) { if (store().containsAlias(alias)) described(alias) else null }
  }

  /** ECDSA with SHA-256 over the message; answers `{signature}`, in DER. */
  @Command
  fun sign(invoke: Invoke) {
    val args = invoke.parseArgs(SignArgs::class.java)
    doing(invoke) {
      val key = store().getKey(args.alias, null) as PrivateKey
      val signature = Signature.getInstance("SHA256withECDSA")
      signature.initSign(key)
      signature.update(Base64.decode(args.message, Base64.NO_WRAP))
      val answer = JSObject()
      answer.put("signature", Base64.encodeToString(signature.sign(), Base64.NO_WRAP))
      answer
    }
  }

  private fun generate(alias: String) {
    try {
      generate(alias, true)
    } catch (none: StrongBoxUnavailableException) {
      generate(alias, false)
    } catch (none: ProviderException) {
      // Some makers' StrongBox says so in its own way.
      generate(alias, false)
    }
  }

  private fun generate(alias: String, strongBox: Boolean) {
    val spec = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
      .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
      .setDigests(KeyProperties.DIGEST_SHA256)
      .setAttestationChallenge(alias.toByteArray(Charsets.US_ASCII))
      .setIsStrongBoxBacked(strongBox)
      .build()
    val generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, STORE)
    generator.initialize(spec)
    generator.generateKeyPair()
  }

  private fun inHardware(alias: String): Boolean {
    val key = store().getKey(alias, null) as PrivateKey
    val info = KeyFactory.getInstance(key.algorithm, STORE).getKeySpec(key, KeyInfo::class.java)
    @Suppress("DEPRECATION")
    return info.isInsideSecureHardware
  }

  private fun described(alias: String): JSObject {
    val certificates = store().getCertificateChain(alias) ?: emptyArray()
    val chain = JSArray()
    for (certificate in certificates) {
      chain.put(Base64.encodeToString(certificate.encoded, Base64.NO_WRAP))
    }
    val answer = JSObject()
    answer.put("spki", Base64.encodeToString(certificates[0].publicKey.encoded, Base64.NO_WRAP))
    answer.put("chain", chain)
    return answer
  }

  private fun store(): KeyStore = KeyStore.getInstance(STORE).apply { load(null) }

  /** Off the window's thread: a StrongBox takes its time. */
  private fun doing(invoke: Invoke, task: () -> JSObject?) {
    work.execute {
      try {
        val answer = task()
        if (answer == null) invoke.resolve() else invoke.resolve(answer)
      } catch (problem: Exception) {
        invoke.reject("the key store refused", "keystore")
      }
    }
  }

  private companion object {
    const val STORE = "AndroidKeyStore"
  }
}
