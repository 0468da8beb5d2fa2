package cn.fieldseal.tablet

import android.Manifest
import android.app.Activity
import android.graphics.Color
import android.system.Os
import android.system.OsConstants
import android.view.KeyEvent
import android.view.View
import android.view.ViewGroup
import android.webkit.WebView
import androidx.appcompat.app.AppCompatActivity
import androidx.camera.core.Camera
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageCapture
import androidx.camera.core.ImageCaptureException
import androidx.camera.core.Preview
import androidx.camera.core.resolutionselector.ResolutionSelector
import androidx.camera.core.resolutionselector.ResolutionStrategy
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.camera.view.PreviewView
import androidx.core.content.ContextCompat
import app.tauri.PermissionState
import app.tauri.annotation.Command
import app.tauri.annotation.InvokeArg
import app.tauri.annotation.Permission
import app.tauri.annotation.PermissionCallback
import app.tauri.annotation.TauriPlugin
import app.tauri.plugin.Channel
import app.tauri.plugin.Invoke
import app.tauri.plugin.JSObject
import app.tauri.plugin.Plugin
import java.io.File
import java.io.FileOutputStream
import java.util.UUID
import java.util.concurrent.Executors

@InvokeArg
class KeysArgs {
  lateinit var channel: Channel
}

@InvokeArg
class TorchArgs {
  var on: Boolean = false
}

@InvokeArg
class ZoomArgs {
  var ratio: Float = 1f
}

/**
 * The camera, to private storage alone.
 *
 * A photo is written below `noBackupFilesDir/handover` as `<Unix ms>-<uuid>.part`, at the sensor's full resolution; once its bytes are
 * on the disk it is renamed to `.jpg`, the folder is synced, and its path is handed over. Whoever takes it over removes it. A kill
 * leaves a `.part` or a `.jpg` there: the next start of the app takes both in.
 *
 * The preview lies under the web view, which is transparent while the camera is open.
 */
@TauriPlugin(permissions = [Permission(strings = [Manifest.permission.CAMERA], alias = "camera")])
class CameraPlugin(private val activity: Activity) : Plugin(activity) {
  private val disk = Executors.newSingleThreadExecutor()
  private var web: WebView? = null
  private var view: PreviewView? = null
  private var provider: ProcessCameraProvider? = null
  private var camera: Camera? = null
  private var shutter: ImageCapture? = null
  private var keys: Channel? = null

  override fun load(webView: WebView) {
    web = webView
    // The volume keys are shutters while the camera is open, and the system's at all other times.
    webView.setOnKeyListener(View.OnKeyListener { _, code, event ->
      val volume = code == KeyEvent.KEYCODE_VOLUME_DOWN || code == KeyEvent.KEYCODE_VOLUME_UP
      if (!volume || camera == null) {
        return@OnKeyListener false
      }
      if (event.action == KeyEvent.ACTION_DOWN && event.repeatCount == 0) {
        keys?.send(JSObject())
      }
      true
    })
  }

  /** The folder that photos are handed over in; made when it is not there. */
  @Command
  fun folder(invoke: Invoke) {
    val folder = handover()
    if (folder == null) {
      invoke.reject("there is no private folder", "storage")
      return
    }
    val answer = JSObject()
    answer.put("path", folder.path)
    invoke.resolve(answer)
  }

  /** Sends `{}` at each press of a volume key while the camera is open. */
  @Command
  fun keys(invoke: Invoke) {
    keys = invoke.parseArgs(KeysArgs::class.java).channel
    invoke.resolve()
  }

  @Command
  fun open(invoke: Invoke) {
    if (getPermissionState("camera") == PermissionState.GRANTED) {
      start(invoke)
    } else {
      requestPermissionForAlias("camera", invoke, "opened")
    }
  }

  @PermissionCallback
  fun opened(invoke: Invoke) {
    if (getPermissionState("camera") == PermissionState.GRANTED) {
      start(invoke)
    } else {
      invoke.reject("the camera is not allowed", "denied")
    }
  }

  private fun start(invoke: Invoke) {
    val coming = ProcessCameraProvider.getInstance(activity)
    coming.addListener({
      try {
        bind(coming.get())
        val zoom = camera?.cameraInfo?.zoomState?.value
        val answer = JSObject()
        answer.put("torch", camera?.cameraInfo?.hasFlashUnit() == true)
        answer.put("minZoom", (zoom?.minZoomRatio ?: 1f).toDouble())
        answer.put("maxZoom", (zoom?.maxZoomRatio ?: 1f).toDouble())
        invoke.resolve(answer)
      } catch (problem: Exception) {
        stop()
        invoke.reject("the camera can't be opened", "busy")
      }
    }, ContextCompat.getMainExecutor(activity))
  }

  private fun bind(cameras: ProcessCameraProvider) {
    stop()
    provider = cameras
    val under = web ?: throw IllegalStateException("no web view")
    val parent = under.parent as ViewGroup
    val shown = PreviewView(activity)
    shown.implementationMode = PreviewView.ImplementationMode.COMPATIBLE
    shown.scaleType = PreviewView.ScaleType.FIT_CENTER
    val whole = ViewGroup.LayoutParams.MATCH_PARENT
    parent.addView(shown, 0, ViewGroup.LayoutParams(whole, whole))
    view = shown
    under.setBackgroundColor(Color.TRANSPARENT)

    val preview = Preview.Builder().build()
    preview.setSurfaceProvider(shown.surfaceProvider)
    val best = ResolutionSelector.Builder()
      .setResolutionStrategy(ResolutionStrategy.HIGHEST_AVAILABLE_STRATEGY)
      .setAllowedResolutionMode(ResolutionSelector.PREFER_HIGHER_RESOLUTION_OVER_CAPTURE_RATE)
      .build()
    val still = ImageCapture.Builder()
      .setCaptureMode(ImageCapture.CAPTURE_MODE_MINIMIZE_LATENCY)
      .setJpegQuality(95)
      .setResolutionSelector(best)
      .build()
    shutter = still
    val owner = activity as AppCompatActivity
    camera = cameras.bindToLifecycle(owner, CameraSelector.DEFAULT_BACK_CAMERA, preview, still)
  }

  @Command
  fun close(invoke: Invoke) {
    stop()
    invoke.resolve()
  }

  private fun stop() {
    provider?.unbindAll()
    provider = null
    camera = null
    shutter = null
    view?.let { (it.parent as? ViewGroup)?.removeView(it) }
    view = null
    web?.setBackgroundColor(Color.WHITE)
  }

  override fun onDestroy(activity: AppCompatActivity) {
    stop()
  }

  @Command
  fun torch(invoke: Invoke) {
    camera?.cameraControl?.enableTorch(invoke.parseArgs(TorchArgs::class.java).on)
    invoke.resolve()
  }

  @Command
  fun zoom(invoke: Invoke) {
    camera?.cameraControl?.setZoomRatio(invoke.parseArgs(ZoomArgs::class.java).ratio)
    invoke.resolve()
  }

  /** Answers `{path}` when the photo's bytes are on the disk. */
  @Command
  fun take(invoke: Invoke) {
    val still = shutter
    val folder = handover()
    if (still == null || folder == null) {
      invoke.reject("the camera is not open", "closed")
      return
    }
    @Suppress("DEPRECATION")
    still.targetRotation = activity.windowManager.defaultDisplay.rotation
    val name = System.currentTimeMillis().toString() + "-" + UUID.randomUUID().toString()
    val part = File(folder, "$name.part")
    val whole = File(folder, "$name.jpg")
    val into = ImageCapture.OutputFileOptions.Builder(part).build()
    still.takePicture(into, disk, object : ImageCapture.OnImageSavedCallback {
      override fun onImageSaved(results: ImageCapture.OutputFileResults) {
        try {
          FileOutputStream(part, true).use { it.fd.sync() }
          if (!part.renameTo(whole)) {
            throw java.io.IOException("not renamed")
          }
          syncFolder(folder)
          val answer = JSObject()
          answer.put("path", whole.path)
          invoke.resolve(answer)
        } catch (problem: Exception) {
          // What was written stays: the next start takes it in.
          invoke.reject("the photo could not be written", "storage")
        }
      }

      override fun onError(problem: ImageCaptureException) {
        val code = if (problem.imageCaptureError == ImageCapture.ERROR_FILE_IO) "storage" else "lost"
        invoke.reject("the camera gave no photo", code)
      }
    })
  }

  private fun handover(): File? {
    val folder = File(activity.noBackupFilesDir, "handover")
    return if (folder.isDirectory || folder.mkdirs()) folder else null
  }

  private fun syncFolder(folder: File) {
    val open = Os.open(folder.path, OsConstants.O_RDONLY, 0)
    try {
      Os.fsync(open)
    } finally {
      Os.close(open)
    }
  }
}
