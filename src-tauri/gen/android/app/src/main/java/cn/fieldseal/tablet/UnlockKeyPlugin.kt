package cn.fieldseal.tablet

import android.app.Activity
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.util.Base64
import androidx.biometric.BiometricManager
import androidx.biometric.BiometricManager.Authenticators.BIOMETRIC_STRONG
import androidx.biometric.BiometricPrompt
import androidx.core.content.ContextCompat
import androidx.fragment.app.FragmentActivity
import app.tauri.annotation.Command
import app.tauri.annotation.InvokeArg
import app.tauri.annotation.TauriPlugin
import app.tauri.plugin.Invoke
import app.tauri.plugin.JSObject
import app.tauri.plugin.Plugin
import java.security.KeyStore
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

@InvokeArg
class UnlockArgs {
  lateinit var alias: String
  /** What the prompt says, in the screen's language. */
  lateinit var title: String
  lateinit var cancel: String
  /** Base64: plain bytes to wrap, or what `wrap` gave. */
  var bytes: String = ""
}

/**
 * Wraps a few bytes under a key that the hardware uses only after a strong biometric, asked each time. A new fingerprint or face
 * on the tablet makes the key useless: whoever wrapped then falls back to the PIN.
 */
@TauriPlugin
class UnlockKeyPlugin(private val activity: Activity) : Plugin(activity) {
  /** `{can}`: whether a strong biometric is set up here. */
  @Command
  fun can(invoke: Invoke) {
    val answer = JSObject()
    answer.put("can", BiometricManager.from(activity).canAuthenticate(BIOMETRIC_STRONG) == BiometricManager.BIOMETRIC_SUCCESS)
    invoke.resolve(answer)
  }

  /** `{bytes}`: nonce and ciphertext. */
  @Command
  fun wrap(invoke: Invoke) {
    val args = invoke.parseArgs(UnlockArgs::class.java)
    try {
      val store = store()
      if (store.containsAlias(args.alias)) {
        store.deleteEntry(args.alias)
      }
      val cipher = Cipher.getInstance(CIPHER)
      cipher.init(Cipher.ENCRYPT_MODE, generate(args.alias))
      ask(invoke, args, cipher) { opened ->
        opened.iv + opened.doFinal(Base64.decode(args.bytes, Base64.NO_WRAP))
      }
    } catch (problem: Exception) {
      invoke.reject("the key store refused", "keystore")
    }
  }

  /** `{bytes}`: what was wrapped. */
  @Command
  fun unwrap(invoke: Invoke) {
    val args = invoke.parseArgs(UnlockArgs::class.java)
    try {
      val wrapped = Base64.decode(args.bytes, Base64.NO_WRAP)
      val key = store().getKey(args.alias, null) as SecretKey
      val cipher = Cipher.getInstance(CIPHER)
      cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, wrapped, 0, NONCE))
      ask(invoke, args, cipher) { opened -> opened.doFinal(wrapped, NONCE, wrapped.size - NONCE) }
    } catch (problem: Exception) {
      // Gone, or useless since another fingerprint was added.
      invoke.reject("the key store refused", "keystore")
    }
  }

  /** The key goes, and with it what it wraps. */
  @Command
  fun forget(invoke: Invoke) {
    try {
      store().deleteEntry(invoke.parseArgs(UnlockArgs::class.java).alias)
      invoke.resolve()
    } catch (problem: Exception) {
      invoke.reject("the key store refused", "keystore")
    }
  }

  private fun generate(alias: String): SecretKey {
    val spec = KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
      .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
      .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
      .setKeySize(256)
      .setUserAuthenticationRequired(true)
      .setInvalidatedByBiometricEnrollment(true)
      .build()
    val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, STORE)
    generator.init(spec)
    return generator.generateKey()
  }

  private fun ask(invoke: Invoke, args: UnlockArgs, cipher: Cipher, use: (Cipher) -> ByteArray) {
    val answered = object : BiometricPrompt.AuthenticationCallback() {
      override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult) {
        try {
          val opened = result.cryptoObject?.cipher ?: throw IllegalStateException("no cipher")
          val answer = JSObject()
          answer.put("bytes", Base64.encodeToString(use(opened), Base64.NO_WRAP))
          invoke.resolve(answer)
        } catch (problem: Exception) {
          invoke.reject("the key store refused", "keystore")
        }
      }

      override fun onAuthenticationError(code: Int, text: CharSequence) {
        invoke.reject("not recognised", "refused")
      }
    }
    val info = BiometricPrompt.PromptInfo.Builder()
      .setTitle(args.title)
      .setNegativeButtonText(args.cancel)
      .setAllowedAuthenticators(BIOMETRIC_STRONG)
      .build()
    val prompt = BiometricPrompt(activity as FragmentActivity, ContextCompat.getMainExecutor(activity), answered)
    prompt.authenticate(info, BiometricPrompt.CryptoObject(cipher))
  }

  private fun store(): KeyStore = KeyStore.getInstance(STORE).apply { load(null) }

  private companion object {
    const val STORE = "AndroidKeyStore"
    const val CIPHER = "AES/GCM/NoPadding"
    const val NONCE = 12
  }
}
